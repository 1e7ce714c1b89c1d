import Datasets
import Diagnostics
import JSON

/// A document as a question: what is read before, the choices, and what is right.
struct TaskQuestion {
    /// What the text of a document is: the text, or, where the choices are what is read before one and the
    /// same ending, the number of the right one.
    enum Prompt {
        case text(String)
        case choice(Int)
    }

    /// What is right.
    enum Target: Equatable {
        case text(String)
        case choice(Int)
        /// Any of these.
        case texts([String])
        case choices([Int])
    }

    let prompt: Prompt
    let target: Target
    let choices: [String]
    let answerPrefix: String?
    let document: TaskDocument

    init(_ document: TaskDocument, _ fields: TaskFields) throws {
        self.document = document
        let hasChoices = fields.choices != nil
        choices = try fields.choices.map { try Self.choices($0, document) } ?? []
        prompt = try Self.prompt(fields.text, document, hasChoices: hasChoices)
        target = try Self.target(fields.target, document, hasChoices: hasChoices)
        answerPrefix = try fields.answerPrefix.map { try $0.value(of: document).shown }
    }

    private static func prompt(
        _ field: TaskField, _ document: TaskDocument, hasChoices: Bool
    ) throws -> Prompt {
        let value = try field.value(of: document)
        if let number = value.wholeNumber { return .choice(number) }
        guard let text = value.string else {
            throw failure("doc_to_text", expected: "a text", value, document)
        }
        if hasChoices, field.isRendered(for: document), let number = text.digits {
            return .choice(number)
        }
        return .text(text)
    }

    private static func target(
        _ field: TaskField, _ document: TaskDocument, hasChoices: Bool
    ) throws -> Target {
        var value = try field.value(of: document)
        if field.isRendered(for: document), let text = value.string {
            if hasChoices, let number = text.digits { return .choice(number) }
            if text.count >= 2, text.hasPrefix("["), text.hasSuffix("]") {
                value = PythonLiteral.value(text) ?? value
            }
        }
        if let number = value.wholeNumber {
            return hasChoices ? .choice(number) : .text(value.shown)
        }
        guard let values = value.array else { return .text(value.shown) }
        let numbers = values.compactMap(\.wholeNumber)
        return hasChoices && numbers.count == values.count
            ? .choices(numbers) : .texts(values.map(\.shown))
    }

    private static func choices(
        _ field: TaskField, _ document: TaskDocument
    ) throws -> [String] {
        var value = try field.value(of: document)
        if field.isRendered(for: document), let text = value.string {
            value = PythonLiteral.value(text) ?? value
        }
        let values = value.array ?? value.members?.map(\.value) ?? []
        let texts = values.compactMap(\.string)
        guard !texts.isEmpty, texts.count == values.count, texts.allSatisfy({ !$0.isEmpty }) else {
            throw failure("doc_to_choice", expected: "a list of texts, none empty", value, document)
        }
        return texts
    }

    private static func failure(
        _ key: String, expected: String, _ value: JSONValue, _ document: TaskDocument
    ) -> Failure {
        Failure(
            "\(key) does not fit the document", expected: expected, got: value.summary,
            at: document.place)
    }

    // MARK: Right choices

    /// The numbers of the right choices.
    ///
    /// - Throws: `Failure` for a target that is none of the choices.
    func rightChoices() throws(Failure) -> [Int] {
        let right: [Int]
        switch (prompt, target) {
        case (.choice(let number), _): right = [number]
        case (_, .choice(let number)): right = [number]
        case (_, .choices(let numbers)): right = numbers
        case (_, .text(let text)): right = choices.firstIndex(of: text).map { [$0] } ?? []
        case (_, .texts(let texts)): right = texts.compactMap(choices.firstIndex(of:))
        }
        guard !right.isEmpty, right.allSatisfy(choices.indices.contains) else {
            throw Failure(
                "the right answer is none of the choices", expected: "0..<\(choices.count)",
                got: "\(target)", at: document.place)
        }
        return right
    }

    /// The texts of which any is right.
    var rightTexts: [String] {
        switch target {
        case .text(let text): [text]
        case .texts(let texts): texts
        case .choice(let number): choices.indices.contains(number) ? [choices[number]] : []
        case .choices(let numbers): numbers.filter(choices.indices.contains).map { choices[$0] }
        }
    }

    /// The text that answers the question where it is shown as an example.
    var shownTarget: String { rightTexts.first ?? "" }
}

extension JSONValue {
    /// The number of a choice: an integer, a truth, or such a number with a point.
    fileprivate var wholeNumber: Int? {
        switch self {
        case .integer(let number): number
        case .boolean(let isTrue): isTrue ? 1 : 0
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    /// The value as Python prints it.
    fileprivate var shown: String {
        switch self {
        case .null: "None"
        case .boolean(let isTrue): isTrue ? "True" : "False"
        default: string ?? text()
        }
    }
}

extension String {
    /// The number that a text of digits means; nil for another text.
    fileprivate var digits: Int? {
        !isEmpty && utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(self) : nil
    }
}
