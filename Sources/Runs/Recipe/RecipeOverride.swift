import Diagnostics
import Options
import Yams

extension Recipe.Entry {
    /// Reads an override such as `train.steps=100` or `prepare.input=[a.txt, b.txt]`.
    ///
    /// A value that starts with a quote or a bracket is YAML; every other value is taken as it is,
    /// so that text needs no second layer of quotes under the shell's.
    ///
    /// - Throws: A usage `Failure` where there is no key, or the value is not YAML.
    package init(override text: String) throws {
        let place = "the override \(text)"
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw Failure(
                "malformed override", expected: "key=value, as in train.steps=100",
                got: OptionValue.scalar(text, isPlain: false).quotedDescription,
                remedy: "name the key with its block and give it a value", kind: .usage)
        }
        path = String(text[..<equals])
        self.place = place
        let raw = String(text[text.index(after: equals)...])
        guard let first = raw.first, "\"'[{".contains(first) else {
            value = .plain(raw)
            return
        }
        let node = try YAMLText(raw) { _ in place }.node()
        guard let value = node.flatMap({ OptionValue($0) }) else {
            throw Failure(
                path, expected: "a value or a list of values", got: "nested values", at: place,
                remedy: "override the keys one by one, as in train.steps=100", kind: .usage)
        }
        self.value = value
    }

    /// Whether an argument can only be meant as an override, not as the path of a recipe.
    package static func isOverride(_ argument: String) -> Bool {
        guard let equals = argument.firstIndex(of: "=") else { return false }
        return argument[..<equals].allSatisfy { $0.isLetter || "_.".contains($0) }
    }
}
