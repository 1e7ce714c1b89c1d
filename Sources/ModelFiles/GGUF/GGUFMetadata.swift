import Diagnostics
import JSON

/// The metadata of a GGUF file, read by kind.
package struct GGUFMetadata: Sendable {
    package let fields: [String: GGUFField]
    package let path: String

    init(_ fields: [String: GGUFField], at path: String) {
        (self.fields, self.path) = (fields, path)
    }

    package func text(_ key: String) throws(Failure) -> String? {
        switch fields[key] {
        case nil: nil
        case .text(let text): String(decoding: text, as: UTF8.self)
        case let field?: throw failure(key, expected: "a text", field)
        }
    }

    /// An array means the number of which it consists, such as the heads of all layers.
    package func integer(_ key: String) throws(Failure) -> Int? {
        switch fields[key] {
        case nil: return nil
        case .integer(let value): return value
        case .integers(let values) where Set(values).count == 1: return values[0]
        case let field?: throw failure(key, expected: "an integer", field)
        }
    }

    package func number(_ key: String) throws(Failure) -> Float? {
        switch fields[key] {
        case nil: nil
        case .number(let value): value
        case .integer(let value): Float(value)
        case let field?: throw failure(key, expected: "a number", field)
        }
    }

    package func boolean(_ key: String) throws(Failure) -> Bool? {
        switch fields[key] {
        case nil: nil
        case .boolean(let value): value
        case let field?: throw failure(key, expected: "true or false", field)
        }
    }

    package func texts(_ key: String) throws(Failure) -> [[UInt8]]? {
        switch fields[key] {
        case nil: nil
        case .texts(let texts): texts
        case let field? where field == .integers([]) || field == .numbers([]): []
        case let field?: throw failure(key, expected: "texts", field)
        }
    }

    package func integers(_ key: String) throws(Failure) -> [Int]? {
        switch fields[key] {
        case nil: nil
        case .integers(let values): values
        case let field?: throw failure(key, expected: "integers", field)
        }
    }

    package func numbers(_ key: String) throws(Failure) -> [Float]? {
        switch fields[key] {
        case nil: nil
        case .numbers(let values): values
        case let field?: throw failure(key, expected: "numbers", field)
        }
    }

    /// A number or a truth as config.json has it.
    func json(_ key: String) throws(Failure) -> JSONValue? {
        switch fields[key] {
        case nil: nil
        case .number(let value): .float(value)
        case .boolean(let value): .boolean(value)
        default: try integer(key).map(JSONValue.integer)
        }
    }

    func failure(_ key: String, expected: String, _ field: GGUFField?) -> Failure {
        Failure(
            "cannot use this model: \(key)", expected: expected, got: field?.summary ?? "none",
            at: path)
    }
}
