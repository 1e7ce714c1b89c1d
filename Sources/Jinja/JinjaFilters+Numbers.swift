import Diagnostics
import Foundation

/// Filters of numbers.
extension JinjaFilters {
    static let numbers: [String: Filter] = [
        "abs": { value, _ in
            if let whole = value.integer, whole != .min { return .integer(abs(whole)) }
            guard let number = value.number else {
                throw JinjaFailure.rendering("bad operand type for abs(): '\(value.typeName)'")
            }
            return .float(abs(number))
        },
        "int": { value, call in
            try call.allow("default", "base")
            let standard = call.argument(0, "default") ?? .integer(0)
            if let whole = value.integer { return .integer(whole) }
            if let number = value.number {
                return Int(exactly: number.rounded(.towardZero)).map { .integer($0) } ?? standard
            }
            guard let text = value.string else { return standard }
            return try whole(text, base: call.integer(1, "base") ?? 10) ?? standard
        },
        "float": { value, call in
            try call.allow("default")
            if let number = value.number { return .float(number) }
            let text = value.string.map { JinjaString($0).stripped(nil) }
            return text.flatMap(Double.init).map { .float($0) }
                ?? call.argument(0, "default") ?? .float(0)
        },
        "round": { try rounded($0, $1) },
        "sum": { value, call in
            try call.allow("attribute", "start")
            var sum = call.argument(1, "start") ?? .integer(0)
            let path = call.argument(0, "attribute")
            for element in try elements(value) {
                let part = try path.map { try attribute($0, of: element, call) } ?? element
                sum = try JinjaArithmetic(limits: call.limits).value("+", sum, part)
            }
            return sum
        },
    ]

    /// A whole number in a text, or one that a number with a point is cut to.
    private static func whole(_ text: String, base: Int) throws -> JinjaValue? {
        guard (2...36).contains(base) else {
            throw JinjaFailure.rendering("int() base must be >= 2 and <= 36")
        }
        var digits = JinjaString(text).stripped(nil).replacing("_", with: "")
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)]
        where radix == base && digits.lowercased().hasPrefix(prefix) {
            digits.removeFirst(2)
        }
        if let whole = Int(digits, radix: base) { return .integer(whole) }
        return Double(digits).flatMap { Int(exactly: $0.rounded(.towardZero)) }
            .map { .integer($0) }
    }

    private static func rounded(_ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        try call.allow("precision", "method")
        guard let number = value.number else {
            throw JinjaFailure.rendering("round() takes a number, not \(value.typeName)")
        }
        let precision = max(-300, min(try call.integer(0, "precision") ?? 0, 300))
        let factor = pow(10, Double(precision))
        switch try call.string(1, "method") ?? "common" {
        case "common":
            // Python rounds the decimal digits, not a product.
            if case .integer = value { return value }
            let text = JinjaDecimal.text(number, digits: max(0, precision))
            let exact = precision < 0 ? (number * factor).rounded(.toNearestOrEven) / factor : nil
            return .float(exact ?? Double(text) ?? number)
        case "ceil": return .float((number * factor).rounded(.up) / factor)
        case "floor": return .float((number * factor).rounded(.down) / factor)
        default: throw JinjaFailure.rendering("method must be common, ceil or floor")
        }
    }
}
