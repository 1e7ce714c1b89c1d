import Datasets
import Diagnostics
import JSON
import Jinja

/// What a task takes from a document: the name of a field, a template, or a value for all documents.
struct TaskField: Sendable {
    private enum Kind: Sendable {
        case value(JSONValue)
        case text(String, JinjaTemplate?)
    }

    private let kind: Kind
    private let key: String

    /// - Parameter key: the key of the task, for errors.
    init(_ value: JSONValue, key: String) throws {
        self.key = key
        guard let text = value.string else {
            kind = .value(value)
            return
        }
        do {
            kind = .text(text, try JinjaTemplate(text, .task))
        } catch let failure as Failure {
            // The name of a field may be anything, even half of a template.
            guard text.contains("{") else {
                kind = .text(text, nil)
                return
            }
            throw Self.failure(failure, key, at: nil)
        }
    }

    /// The value for a document: of a template its text.
    func value(of document: TaskDocument) throws -> JSONValue {
        switch kind {
        case .value(let value): return value
        case .text(let name, let template):
            if let value = document.fields[name] { return value }
            guard let template else { return .string(name) }
            do {
                return .string(try template.render(document.fields).text)
            } catch let failure as Failure {
                throw Self.failure(failure, key, at: document.place)
            }
        }
    }

    /// Whether the value for a document is the text of a template.
    func isRendered(for document: TaskDocument) -> Bool {
        if case .text(let name, _) = kind { return document.fields[name] == nil }
        return false
    }

    private static func failure(_ failure: Failure, _ key: String, at place: String?) -> Failure {
        let problem = failure.what.replacing("chat template", with: "template")
        return Failure(
            "\(key): \(problem)", expected: failure.expected, got: failure.got,
            at: [place, failure.place].compactMap { $0 }.joined(separator: ", "),
            remedy: "correct the task", kind: .usage)
    }
}
