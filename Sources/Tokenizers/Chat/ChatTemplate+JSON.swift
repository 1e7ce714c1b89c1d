import Diagnostics
import JSON

/// The pieces of a template in a file: an object of texts.
extension ChatTemplate {
    private static let nameKey = "name"
    private static let userBeginAfterSystemKey = "user_begin_after_system"

    private static let keys:
        [(name: String, piece: WritableKeyPath<ChatPieces, String> & Sendable)] = [
            ("prefix", \.prefix), ("default_system", \.defaultSystem),
            ("system_begin", \.systemBegin), ("system_end", \.systemEnd),
            ("user_begin", \.userBegin), ("user_end", \.userEnd),
            ("assistant_begin", \.assistantBegin), ("answer_begin", \.answerBegin),
            ("answer_end", \.answerEnd), ("assistant_end", \.assistantEnd),
            ("input_begin", \.inputBegin),
        ]

    /// The pieces with the name; nil where there is Jinja alone.
    package var json: JSONValue? {
        guard let pieces else { return nil }
        var members = [Self.nameKey: JSONValue.string(name)]
        for key in Self.keys { members[key.name] = .string(pieces[keyPath: key.piece]) }
        members[Self.userBeginAfterSystemKey] = pieces.userBeginAfterSystem.map(JSONValue.string)
        return .object(members)
    }

    /// Missing pieces keep their defaults.
    ///
    /// - Throws: `Failure` for anything but texts under the known keys, and for a template without an
    ///   end.
    package init(json: JSONValue, at place: String) throws {
        guard let members = json.object else {
            throw Self.failure("an object of texts", json.summary, place)
        }
        var pieces = ChatPieces()
        var name = "custom"
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let text = value.string else {
                throw Self.failure("a text as \(key)", value.summary, place)
            }
            if let known = Self.keys.first(where: { $0.name == key }) {
                pieces[keyPath: known.piece] = text
            } else if key == Self.nameKey {
                name = text
            } else if key == Self.userBeginAfterSystemKey {
                pieces.userBeginAfterSystem = text
            } else {
                let known = [Self.nameKey, Self.userBeginAfterSystemKey] + Self.keys.map(\.name)
                throw Self.failure(
                    "only \(known.joined(separator: ", "))", "\"\(key)\"", place)
            }
        }
        do {
            try self.init(name: name, pieces: pieces)
        } catch var failure as Failure {
            failure.place = place
            throw failure
        }
    }

    private static func failure(_ expected: String, _ got: String, _ place: String) -> Failure {
        Failure("cannot read the chat template", expected: expected, got: got, at: place)
    }
}
