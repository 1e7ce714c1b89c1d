import Diagnostics

/// The tests behind `is`, by name.
enum JinjaTests {
    typealias Test = @Sendable (JinjaValue, JinjaCall) throws -> Bool

    static let all: [String: Test] = kinds.merging(comparisons) { $1 }

    private static let kinds: [String: Test] = [
        "defined": { value, _ in !value.isUndefined },
        "undefined": { value, _ in value.isUndefined },
        "none": { value, _ in value.isNone },
        "boolean": { value, _ in if case .boolean = value { true } else { false } },
        "true": { value, _ in if case .boolean(true) = value { true } else { false } },
        "false": { value, _ in if case .boolean(false) = value { true } else { false } },
        "integer": { value, _ in if case .integer = value { true } else { false } },
        "float": { value, _ in if case .float = value { true } else { false } },
        "number": { value, _ in value.number != nil },
        "string": { value, _ in value.string != nil },
        "mapping": { value, _ in value.isDictionary },
        "iterable": { value, _ in value.elements != nil },
        "sequence": { value, _ in value.count != nil },
        "callable": { value, _ in
            switch value {
            case .function: true
            case .loop(let loop): loop.recurse != nil
            default: false
            }
        },
        "lower": { value, _ in JinjaString(value.text).isLower },
        "upper": { value, _ in JinjaString(value.text).isUpper },
        "escaped": { _, _ in false },
        "filter": { value, _ in JinjaFilters.all[value.text] != nil },
        "test": { value, _ in isKnown(value.text) },
    ]

    private static func isKnown(_ name: String) -> Bool { all[name] != nil }

    private static let comparisons: [String: Test] = [
        "odd": { value, call in try rest(value, 2, call) == 1 },
        "even": { value, call in try rest(value, 2, call) == 0 },
        "divisibleby": { value, call in
            try rest(value, call.integer(0, "num") ?? 0, call) == 0
        },
        "eq": compare("=="), "equalto": compare("=="), "==": compare("=="),
        "ne": compare("!="), "!=": compare("!="), "lt": compare("<"), "lessthan": compare("<"),
        "<": compare("<"), "le": compare("<="), "<=": compare("<="), "gt": compare(">"),
        "greaterthan": compare(">"), ">": compare(">"), "ge": compare(">="), ">=": compare(">="),
        "in": compare("in"),
        "sameas": { value, call in
            let other = try call.required(0, "other")
            return value.typeName == other.typeName && value.equals(other)
        },
    ]

    private static func compare(_ symbol: String) -> Test {
        { value, call in try value.compares(symbol, call.required(0, "b"), call.limits) }
    }

    private static func rest(_ value: JinjaValue, _ divisor: Int, _ call: JinjaCall) throws -> Int {
        let rest = try JinjaArithmetic(limits: call.limits).value("%", value, .integer(divisor))
        return rest.integer ?? -1
    }
}
