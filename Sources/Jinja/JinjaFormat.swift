import Diagnostics
import Foundation

/// The `%` of Python's texts: `%s`, `%r`, `%d`, `%x`, `%f` and their flags.
struct JinjaFormat {
    private let values: [JinjaValue]

    init(_ values: [JinjaValue]) { self.values = values }

    private struct Conversion {
        var flags = ""
        var width = 0
        var precision: Int?
        var letter: Unicode.Scalar = "s"
    }

    /// The most characters to which a value is filled up.
    private static let maximumWidth = 1000

    func text(_ format: String) throws -> String {
        var result = ""
        var rest = format.unicodeScalars[...]
        var index = 0
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let conversion = try conversion(&rest)
            guard conversion.letter != "%" else {
                result += "%"
                continue
            }
            guard index < values.count else { throw failure("not enough arguments") }
            result += try converted(values[index], conversion)
            index += 1
        }
        guard index == values.count else { throw failure("not all arguments converted") }
        return result
    }

    private func failure(_ problem: String) -> Failure {
        JinjaFailure.rendering("\(problem) in a format")
    }

    private func conversion(_ rest: inout Substring.UnicodeScalarView) throws -> Conversion {
        var conversion = Conversion()
        while let flag = rest.first, "-+ 0#".unicodeScalars.contains(flag) {
            conversion.flags.unicodeScalars.append(flag)
            rest.removeFirst()
        }
        func number() -> Int {
            var digits = ""
            while let digit = rest.first, digit.isJinjaDigit, digits.count < 4 {
                digits.unicodeScalars.append(digit)
                rest.removeFirst()
            }
            return Int(digits) ?? 0
        }
        conversion.width = number()
        if rest.first == "." {
            rest.removeFirst()
            conversion.precision = number()
        }
        guard let letter = rest.popFirst(), conversion.width <= Self.maximumWidth,
            conversion.precision ?? 0 <= 50
        else { throw failure("an incomplete or too wide place") }
        conversion.letter = letter
        return conversion
    }

    private func converted(_ value: JinjaValue, _ conversion: Conversion) throws -> String {
        var text: String
        switch conversion.letter {
        case "s", "r":
            text = conversion.letter == "s" ? value.text : value.representation
            if let precision = conversion.precision {
                text = JinjaString(text.unicodeScalars.prefix(precision)).text
            }
            return filled(text, conversion, with: " ")
        case "d", "i", "u":
            guard
                let number = value.integer
                    ?? value.number.flatMap({ Int(exactly: $0.rounded(.towardZero)) })
            else { throw failure("no whole number") }
            text = signed("\(number)", conversion)
        case "x", "X":
            guard let number = value.integer else { throw failure("no whole number") }
            text = signed(
                String(number, radix: 16, uppercase: conversion.letter == "X"), conversion)
        case "f", "F":
            guard let number = value.number, number.isFinite else { throw failure("no number") }
            text = signed(JinjaDecimal.text(number, digits: conversion.precision ?? 6), conversion)
        default: throw failure("'%\(conversion.letter)', which is not supported,")
        }
        let isZero = conversion.flags.contains("0") && !conversion.flags.contains("-")
        guard isZero, text.count < conversion.width else {
            return filled(text, conversion, with: " ")
        }
        let sign = text.first.map { "+- ".contains($0) } ?? false ? String(text.removeFirst()) : ""
        let zeros = conversion.width - text.count - sign.count
        return sign + String(repeating: "0", count: zeros) + text
    }

    private func signed(_ text: String, _ conversion: Conversion) -> String {
        guard !text.hasPrefix("-") else { return text }
        return conversion.flags.contains("+")
            ? "+" + text : conversion.flags.contains(" ") ? " " + text : text
    }

    private func filled(_ text: String, _ conversion: Conversion, with fill: String) -> String {
        let isLeft = conversion.flags.contains("-")
        return JinjaString(text)
            .padded(conversion.width, with: fill, left: !isLeft, right: isLeft)
    }
}

/// Numbers with so many digits behind the point, rounded as C's printf rounds them.
enum JinjaDecimal {
    static func text(_ value: Double, digits: Int) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let count = withVaList([Int32(digits), value]) {
                vsnprintf(base, buffer.count, "%.*f", $0)
            }
            return count < buffer.count ? String(cString: base) : "\(value)"
        }
    }
}
