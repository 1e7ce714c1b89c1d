import Diagnostics

/// A piece of the source of a template.
struct JinjaToken: Equatable {
    enum Kind: Equatable {
        /// Text that is written as it is.
        case data(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case float(Double)
        /// One of Jinja's operators, with brackets and commas.
        case symbol(String)
        case end
    }

    let kind: Kind
    /// The line of the source, from 1.
    let line: Int

    /// The token as an error names it.
    var description: String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer(let value): "\(value)"
        case .float(let value): "\(value)"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }
}

/// The failures of a template: what is wrong with its source, and what fails while it is rendered.
enum JinjaFailure {
    static func syntax(_ expected: String, got: String, line: Int) -> Failure {
        Failure(
            "the chat template is not valid", expected: expected, got: got, at: "its line \(line)",
            remedy: "name a template with --template")
    }

    /// - Parameter problem: in the words of the template where it raises an exception.
    static func rendering(_ problem: String) -> Failure {
        Failure("the chat template cannot be rendered: \(problem)")
    }
}

extension Unicode.Scalar {
    /// Whether Python's `str.isspace` is true of it.
    package var isJinjaSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0: true
        case 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Whether it may stand in a name.
    var isJinjaWord: Bool {
        value < 0x80
            ? ("a"..."z").contains(self) || ("A"..."Z").contains(self) || isJinjaDigit
                || self == "_"
            : properties.isAlphabetic || properties.numericType != nil
    }

    var isJinjaDigit: Bool { ("0"..."9").contains(self) }
}
