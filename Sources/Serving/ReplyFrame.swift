import Foundation
import JSON

/// The members that all parts of a reply have.
struct ReplyFrame {
    let id: String
    let created: Int
    let model: String

    init(_ prefix: String, model: String) {
        id = "\(prefix)-\(Self.randomName)"
        created = Int(Date().timeIntervalSince1970)
        self.model = model
    }

    static var randomName: String {
        let name =
            String(UInt64.random(in: 0...UInt64.max), radix: 16)
            + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return name
    }

    func json(
        _ object: String, choices: [JSONValue], usage: JSONValue? = nil
    ) -> JSONValue {
        var members: [JSONValue.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            members.append(JSONValue.Member(key: Array(key.utf8), value: value))
        }
        add("id", .string(id))
        add("object", .string(object))
        add("created", .integer(created))
        add("model", .string(model))
        add("system_fingerprint", .string("swift-llm-train"))
        add("choices", .array(choices))
        if let usage { add("usage", usage) }
        return .members(members)
    }
}
