import Diagnostics
import Foundation

/// The operators between values, as Python has them.
struct JinjaArithmetic {
    let limits: JinjaLimits

    func value(_ symbol: String, _ a: JinjaValue, _ b: JinjaValue) throws -> JinjaValue {
        for value in [a, b] {
            if case .undefined(let what) = value { throw JinjaFailure.rendering(what) }
        }
        if let sequence = try sequence(symbol, a, b) { return sequence }
        if symbol != "/", let x = a.integer, let y = b.integer {
            if let whole = try whole(symbol, x, y) { return .integer(whole) }
        }
        guard let x = a.number, let y = b.number else { throw unsupported(symbol, a, b) }
        return .float(try float(symbol, x, y))
    }

    private func unsupported(_ symbol: String, _ a: JinjaValue, _ b: JinjaValue) -> Failure {
        JinjaFailure.rendering(
            "unsupported operand types for \(symbol): '\(a.typeName)' and '\(b.typeName)'")
    }

    /// Texts and lists one after the other or repeated, and `%` of a text.
    private func sequence(
        _ symbol: String, _ a: JinjaValue, _ b: JinjaValue
    ) throws -> JinjaValue? {
        switch (symbol, a, b) {
        case ("+", .string(let x), .string(let y)):
            try limits.make(x.utf8.count + y.utf8.count)
            return .string(x + y)
        case ("+", .list(let x), .list(let y)): return .list(x + y)
        case ("+", .tuple(let x), .tuple(let y)): return .tuple(x + y)
        case ("%", .string(let format), _):
            var values = [b]
            if case .tuple(let several) = b { values = several }
            return .string(try JinjaFormat(values).text(format))
        case ("*", _, _):
            if let count = b.integer { return try repeated(a, count) }
            return try a.integer.flatMap { try repeated(b, $0) }
        default: return nil
        }
    }

    private func repeated(_ value: JinjaValue, _ count: Int) throws -> JinjaValue? {
        let count = max(0, count)
        func make(_ size: Int) throws {
            let (total, isHuge) = size.multipliedReportingOverflow(by: count)
            try limits.make(isHuge ? .max : total)
        }
        switch value {
        case .string(let text):
            try make(text.utf8.count)
            return .string(String(repeating: text, count: text.isEmpty ? 0 : count))
        case .list(let values):
            try make(32 * values.count)
            return .list((0..<(values.isEmpty ? 0 : count)).flatMap { _ in values })
        case .tuple(let values):
            try make(32 * values.count)
            return .tuple((0..<(values.isEmpty ? 0 : count)).flatMap { _ in values })
        default: return nil
        }
    }

    /// nil where the result is no whole number.
    private func whole(_ symbol: String, _ x: Int, _ y: Int) throws -> Int? {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case "+": result = x.addingReportingOverflow(y)
        case "-": result = x.subtractingReportingOverflow(y)
        case "*": result = x.multipliedReportingOverflow(by: y)
        case "//", "%":
            guard y != 0 else { throw JinjaFailure.rendering("division by zero") }
            let (quotient, overflow) = x.dividedReportingOverflow(by: y)
            let rest = overflow ? 0 : x % y
            let isBelow = rest != 0 && (rest < 0) != (y < 0)
            result = (
                symbol == "//" ? quotient - (isBelow ? 1 : 0) : rest + (isBelow ? y : 0), overflow
            )
        case "**":
            guard y >= 0 else { return nil }
            result = Self.power(x, y)
        default: return nil
        }
        guard !result.overflow else {
            throw JinjaFailure.rendering("a whole number beyond 64 bits")
        }
        return result.partialValue
    }

    private static func power(_ x: Int, _ y: Int) -> (partialValue: Int, overflow: Bool) {
        guard x.magnitude > 1 else {
            return (x == -1 && y % 2 == 0 || y == 0 ? 1 : x, false)
        }
        var result = 1
        for _ in 0..<y {
            let (product, overflow) = result.multipliedReportingOverflow(by: x)
            if overflow { return (0, true) }
            result = product
        }
        return (result, false)
    }

    private func float(_ symbol: String, _ x: Double, _ y: Double) throws -> Double {
        switch symbol {
        case "+": return x + y
        case "-": return x - y
        case "*": return x * y
        case "**": return pow(x, y)
        default: break
        }
        guard y != 0 else { throw JinjaFailure.rendering("division by zero") }
        switch symbol {
        case "/": return x / y
        case "//": return (x / y).rounded(.down)
        default: return x - (x / y).rounded(.down) * y
        }
    }
}

extension JinjaValue {
    func negated() throws -> JinjaValue {
        if let value = integer, value != .min { return .integer(-value) }
        guard let value = number else {
            throw JinjaFailure.rendering("bad operand type for unary -: '\(typeName)'")
        }
        return .float(-value)
    }

    func asNumber() throws -> JinjaValue {
        if let value = integer { return .integer(value) }
        guard let value = number else {
            throw JinjaFailure.rendering("bad operand type for unary +: '\(typeName)'")
        }
        return .float(value)
    }

    /// Whether a comparison holds.
    func compares(
        _ symbol: String, _ other: JinjaValue, _ limits: JinjaLimits
    ) throws -> Bool {
        if isContainer || other.isContainer {
            try limits.weight(of: self)
            try limits.weight(of: other)
        }
        switch symbol {
        case "==": return equals(other)
        case "!=": return !equals(other)
        case "in": return try other.contains(self, limits)
        case "not in": return try !other.contains(self, limits)
        case "<", ">=":
            let isLess = try ordered(before: other)
            return symbol == "<" ? isLess : !isLess
        default:
            let isLess = try other.ordered(before: self)
            return symbol == ">" ? isLess : !isLess
        }
    }

    var isContainer: Bool {
        switch self {
        case .list, .tuple, .dictionary: true
        default: false
        }
    }

    private func ordered(before other: JinjaValue) throws -> Bool {
        guard let result = precedes(other) else {
            throw JinjaFailure.rendering(
                "'\(typeName)' and '\(other.typeName)' have no order")
        }
        return result
    }

    func contains(_ value: JinjaValue, _ limits: JinjaLimits) throws -> Bool {
        switch self {
        case .string(let text):
            guard let part = value.string else {
                throw JinjaFailure.rendering(
                    "'in <string>' requires string as left operand, not \(value.typeName)")
            }
            try limits.make(text.utf8.count)
            return JinjaString(text).range(of: part) != nil
        case .namespace, .loop, .function, .none, .boolean, .integer, .float:
            throw JinjaFailure.rendering("argument of type '\(typeName)' is not iterable")
        default:
            return (elements ?? []).contains { $0.equals(value) }
        }
    }
}
