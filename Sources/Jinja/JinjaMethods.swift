import Diagnostics

/// The methods of values that do not change them.
enum JinjaMethods {
    static func method(_ name: String, of value: JinjaValue) -> JinjaFunction? {
        switch value {
        case .string(let text):
            strings[name].map { body in JinjaFunction(name) { try body(JinjaString(text), $0) } }
        case .dictionary(let dictionary):
            dictionaries[name].map { body in JinjaFunction(name) { try body(dictionary, $0) } }
        case .list(let values), .tuple(let values):
            lists[name].map { body in
                JinjaFunction(name) { call in
                    try call.limits.weight(of: value)
                    return try body(values, call)
                }
            }
        default: nil
        }
    }

    private typealias Members = @Sendable (JinjaDictionary, JinjaCall) throws -> JinjaValue

    private static let dictionaries: [String: Members] = [
        "items": { dictionary, _ in .list(dictionary.members.map { .tuple([$0.key, $0.value]) }) },
        "keys": { dictionary, _ in .list(dictionary.members.map(\.key)) },
        "values": { dictionary, _ in .list(dictionary.members.map(\.value)) },
        "copy": { dictionary, _ in .dictionary(dictionary) },
        "get": { dictionary, call in
            try call.allow("key", "default")
            try call.limits.step(dictionary.members.count / 8)
            return try dictionary[call.required(0, "key")] ?? call.argument(1, "default") ?? .none
        },
        "update": changing, "pop": changing, "popitem": changing, "setdefault": changing,
        "clear": changing,
    ]

    private static func changing(_: JinjaDictionary, call: JinjaCall) throws -> JinjaValue {
        throw unsafe(call)
    }

    private static func unsafe(_ call: JinjaCall) -> Failure {
        JinjaFailure.rendering("\(call.name)() would change a value, which is not safe")
    }

    private typealias List = @Sendable ([JinjaValue], JinjaCall) throws -> JinjaValue

    private static let lists: [String: List] = [
        "count": { values, call in
            let wanted = try call.required(0, "value")
            return .integer(values.count { $0.equals(wanted) })
        },
        "index": { values, call in
            let wanted = try call.required(0, "value")
            guard let index = values.firstIndex(where: { $0.equals(wanted) }) else {
                throw JinjaFailure.rendering("\(wanted.representation) is not in list")
            }
            return .integer(index)
        },
        "copy": { values, _ in .list(values) },
        "append": refusing, "extend": refusing, "insert": refusing, "pop": refusing,
        "remove": refusing, "clear": refusing, "sort": refusing, "reverse": refusing,
    ]

    private static func refusing(_: [JinjaValue], call: JinjaCall) throws -> JinjaValue {
        throw unsafe(call)
    }
}
