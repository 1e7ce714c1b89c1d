/// Someone in a story.
struct StoryPerson {
    package var name = ""
    var isGirl = false

    package var subject: String { isGirl ? "she" : "he" }
    package var object: String { isGirl ? "her" : "him" }
    var possessive: String { isGirl ? "her" : "his" }
}

/// English grammar, as far as the words of the stories need it.
extension String {
    /// "old" becomes "an old".
    var withArticle: String {
        let soundsLikeVowel = "aeiou".contains(first ?? "b") || self == "honest"
        return (soundsLikeVowel ? "an " : "a ") + self
    }

    /// "an old" becomes "old".
    var withoutArticle: String { String(drop { $0 != " " }.dropFirst()) }

    /// "box" becomes "boxes", "pony" ponies, "monkey" monkeys; mouse, goose and scarf are irregular.
    var plural: String {
        switch self {
        case "mouse": return "mice"
        case "goose": return "geese"
        case "scarf": return "scarves"
        default: break
        }
        if hasSuffix("y"), let before = dropLast().last, !"aeiou".contains(before) {
            return dropLast() + "ies"
        }
        let takesE = ["s", "x", "sh", "ch"].contains { hasSuffix($0) }
        return self + (takesE ? "es" : "s")
    }

    var withCapital: String { prefix(1).uppercased() + dropFirst() }
}

extension [String] {
    package func without(_ text: String) -> [String] { filter { $0 != text } }
}

/// The voice of a story: a writer makes the choices of the grammar at random, a reader finds them
/// in a text.
///
/// The grammar calls both in the same way, so the two cannot drift apart. Every choice says its text
/// at once, and no text of a choice begins another text of it; so the text alone determines every
/// choice, from the first on.
protocol StoryVoice {
    /// Says what follows from the choices before.
    mutating func say(_ text: String)

    /// Makes one choice and says its text.
    ///
    /// - Parameter weights: option i has the probability weights[i] / the sum of all; none means
    ///   that all are equally likely.
    /// - Returns: the index of the option.
    mutating func choose(_ options: [String], weights: [Int]) -> Int
}
