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
