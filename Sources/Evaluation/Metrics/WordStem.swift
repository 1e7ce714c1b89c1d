/// The stem of an English word of small letters, as NLTK's PorterStemmer finds it.
///
/// Endings are taken off or replaced in some steps, each where enough of the word is left: its measure is
/// the number of vowels, or rows of them, that consonants follow.
///
/// Source: Porter, An algorithm for suffix stripping (1980), with the later rules of NLTK.
package struct WordStem {
    private var word: [UInt8]

    package static func stem(of word: String) -> String {
        if let known = irregular[word] { return known }
        guard word.utf8.count > 2 else { return word }
        var stem = WordStem(word: Array(word.utf8))
        stem.removePlural()
        stem.removePast()
        stem.replaceLastY()
        stem.apply(Self.second, at: 1, whole: true)
        stem.apply(Self.third, at: 1)
        stem.apply(Self.fourth, at: 2)
        stem.removeLastE()
        stem.removeLastL()
        return String(decoding: stem.word, as: UTF8.self)
    }

    private static let irregular = [
        "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "innings": "inning",
        "outings": "outing", "cannings": "canning",
    ].merging(
        [
            "sky", "news", "inning", "outing", "canning", "howe", "proceed", "exceed", "succeed",
        ].map { ($0, $0) }
    ) { $1 }

    /// Endings with what they become.
    private typealias Rules = [(ending: String, replacement: String)]

    private static let second: Rules = [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"),
        ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"),
        ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"),
        ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
        ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful"), ("logi", "log"),
    ]
    private static let third: Rules = [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"),
        ("ful", ""), ("ness", ""),
    ]
    private static let fourth: Rules = [
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
        "ou", "ism", "ate", "iti", "ous", "ive", "ize",
    ].map { ($0, "") }
}

// MARK: - Steps

extension WordStem {
    /// caresses, ponies, ties, cats
    private mutating func removePlural() {
        if ends(in: "ies") {
            word.removeLast(word.count == 4 ? 1 : 2)
        } else if ends(in: "sses") {
            word.removeLast(2)
        } else if ends(in: "s") && !ends(in: "ss") {
            word.removeLast()
        }
    }

    /// died, cried, agreed, plastered, motoring
    private mutating func removePast() {
        if ends(in: "ied") { return word.removeLast(word.count == 4 ? 1 : 2) }
        if ends(in: "eed") {
            if Self.measure(word.dropLast(3)) > 0 { word.removeLast() }
            return
        }
        let ending = ["ed", "ing"].first { ending in
            ends(in: ending) && Self.hasVowel(word.dropLast(ending.utf8.count))
        }
        guard let ending else { return }
        word.removeLast(ending.utf8.count)
        completeShortened()
    }

    /// conflat(ed), hopp(ing), fil(ing)
    private mutating func completeShortened() {
        let e = UInt8(ascii: "e")
        if ["at", "bl", "iz"].contains(where: { ends(in: $0) }) {
            word.append(e)
        } else if let last = word.last, word.count > 1, word[word.count - 2] == last,
            Self.areConsonants(word)[word.count - 1]
        {
            if !"lsz".utf8.contains(last) { word.removeLast() }
        } else if Self.measure(word[...]) == 1 && Self.endsShort(word[...]) {
            word.append(e)
        }
    }

    /// happy, but not enjoy
    private mutating func replaceLastY() {
        guard ends(in: "y"), word.count > 2, Self.areConsonants(word.dropLast())[word.count - 2]
        else { return }
        word[word.count - 1] = UInt8(ascii: "i")
    }

    /// The first rule whose ending fits, where the rest has at least some measure.
    ///
    /// - Parameter whole: whether what "alli" becomes goes through the rules again, and the l of "logi" counts
    ///   among the rest.
    private mutating func apply(_ rules: Rules, at least: Int, whole: Bool = false) {
        if whole, ends(in: "alli"), Self.measure(word.dropLast(4)) > 0 {
            word.removeLast(2)
            return apply(rules, at: least, whole: whole)
        }
        guard let (ending, replacement) = rules.first(where: { ends(in: $0.ending) }) else {
            return
        }
        let rest = word.dropLast(ending == "logi" ? 3 : ending.utf8.count)
        guard Self.measure(rest) >= least else { return }
        if ending == "ion" {
            guard let last = rest.last, "st".utf8.contains(last) else { return }
        }
        word.removeLast(ending.utf8.count)
        word += replacement.utf8
    }

    /// probate, cease, but not rate
    private mutating func removeLastE() {
        guard ends(in: "e") else { return }
        let (rest, measure) = (word.dropLast(), Self.measure(word.dropLast()))
        if measure > 1 || measure == 1 && !Self.endsShort(rest) { word.removeLast() }
    }

    /// controll, but not roll
    private mutating func removeLastL() {
        if ends(in: "ll") && Self.measure(word.dropLast()) > 1 { word.removeLast() }
    }
}

// MARK: - Letters

extension WordStem {
    private func ends(in ending: String) -> Bool {
        word.count >= ending.utf8.count && word.suffix(ending.utf8.count).elementsEqual(ending.utf8)
    }

    /// All letters but vowels; y where it stands first or behind a vowel.
    private static func areConsonants(_ letters: some Sequence<UInt8>) -> [Bool] {
        var flags: [Bool] = []
        for letter in letters {
            let isY = letter == UInt8(ascii: "y")
            flags.append(isY ? !(flags.last ?? false) : !"aeiou".utf8.contains(letter))
        }
        return flags
    }

    private static func hasVowel(_ letters: ArraySlice<UInt8>) -> Bool {
        areConsonants(letters).contains(false)
    }

    private static func measure(_ letters: ArraySlice<UInt8>) -> Int {
        let flags = areConsonants(letters)
        return zip(flags, flags.dropFirst()).count { !$0 && $1 }
    }

    /// Whether the end is consonant, vowel, consonant other than w, x and y, or all is vowel, consonant.
    private static func endsShort(_ letters: ArraySlice<UInt8>) -> Bool {
        let flags = areConsonants(letters)
        guard flags.count != 2 else { return flags == [false, true] }
        guard flags.count > 2, let last = letters.last, !"wxy".utf8.contains(last) else {
            return false
        }
        return flags.suffix(3) == [true, false, true]
    }
}
