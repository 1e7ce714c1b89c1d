import JSON

/// A value of a template, as Python has them.
///
/// Lists and dictionaries cannot be changed, as in the sandbox of transformers; namespaces can.
enum JinjaValue {
    /// What is not there, with its name.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case list([JinjaValue])
    case tuple([JinjaValue])
    case dictionary(JinjaDictionary)
    case namespace(JinjaNamespace)
    case loop(JinjaLoopState)
    case function(JinjaFunction)
}

/// What `namespace(...)` makes: attributes that assignments change.
final class JinjaNamespace {
    var members: JinjaDictionary

    init(_ members: JinjaDictionary) { self.members = members }
}

/// Something that can be called.
final class JinjaFunction {
    typealias Body = (JinjaCall) throws -> JinjaValue

    let name: String
    let body: Body

    init(_ name: String, _ body: @escaping Body) {
        self.name = name
        self.body = body
    }
}

/// Members in the order in which they came; each key once.
struct JinjaDictionary {
    struct Member {
        let key: JinjaValue
        var value: JinjaValue
    }

    private(set) var members: [Member] = []

    init() {}

    init(_ members: some Sequence<(String, JinjaValue)>) {
        for (key, value) in members { self[.string(key)] = value }
    }

    subscript(key: JinjaValue) -> JinjaValue? {
        get { members.first { $0.key.equals(key) }?.value }
        set {
            let index = members.firstIndex { $0.key.equals(key) }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    subscript(name: String) -> JinjaValue? { self[.string(name)] }
}

extension JinjaValue {
    init(_ constant: JinjaConstant) {
        switch constant {
        case .none: self = .none
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .float(let value): self = .float(value)
        case .string(let text): self = .string(text)
        }
    }

    init(_ json: JSONValue) {
        switch json {
        case .null: self = .none
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .float(value)
        case .bytes(let bytes): self = .string(String(decoding: bytes, as: UTF8.self))
        case .array(let values): self = .list(values.map(JinjaValue.init))
        case .members(let members):
            var dictionary = JinjaDictionary()
            for member in members {
                let key = String(decoding: member.key, as: UTF8.self)
                dictionary[.string(key)] = JinjaValue(member.value)
            }
            self = .dictionary(dictionary)
        }
    }

    /// The name of the type, as Python and its errors have it.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .boolean: "bool"
        case .integer: "int"
        case .float: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .function: "function"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let values), .tuple(let values): !values.isEmpty
        case .dictionary(let dictionary): !dictionary.members.isEmpty
        case .namespace, .loop, .function: true
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// The number of an integer or a truth, which counts as 1 or 0.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The number of any kind.
    var number: Double? {
        if case .float(let value) = self { value } else { integer.map(Double.init) }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The values that a loop goes through; nil for what is not iterable.
    var elements: [JinjaValue]? {
        switch self {
        case .undefined: []
        case .list(let values), .tuple(let values): values
        case .string(let text): Self.characters(text)
        case .dictionary(let dictionary): dictionary.members.map(\.key)
        default: nil
        }
    }

    /// The most characters of a text that a loop goes through.
    private static let maximumCharacters = 100_000

    private static func characters(_ text: String) -> [JinjaValue]? {
        guard text.utf8.count <= maximumCharacters else { return nil }
        return text.unicodeScalars.map { .string(String(Character($0))) }
    }

    /// The length, nil for what has none.
    var count: Int? {
        switch self {
        case .undefined: 0
        case .list(let values), .tuple(let values): values.count
        case .string(let text): text.unicodeScalars.count
        case .dictionary(let dictionary): dictionary.members.count
        default: nil
        }
    }
}

// MARK: Comparison

extension JinjaValue {
    /// Python's `==`.
    func equals(_ other: JinjaValue) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): a.isSameText(as: b)
        case (.none, .none), (.undefined, .undefined): true
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
        case (.dictionary(let a), .dictionary(let b)):
            a.members.count == b.members.count
                && a.members.allSatisfy { b[$0.key]?.equals($0.value) ?? false }
        case (.namespace(let a), .namespace(let b)): a === b
        case (.function(let a), .function(let b)): a === b
        default:
            if let a = integer, let b = other.integer {
                a == b
            } else if let a = number, let b = other.number {
                a == b
            } else {
                false
            }
        }
    }

    /// Python's `<`; nil for values that have no order.
    func precedes(_ other: JinjaValue) -> Bool? {
        if let a = integer, let b = other.integer { return a < b }
        if let a = number, let b = other.number { return a < b }
        switch (self, other) {
        case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a, b) where !x.equals(y) { return x.precedes(y) }
            return a.count < b.count
        default: return nil
        }
    }
}

extension String {
    /// Whether all code points are the same; Swift's `==` takes other spellings of a letter for it.
    func isSameText(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
