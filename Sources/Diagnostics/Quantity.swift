import Foundation

/// Counts, sizes and speeds as people write them.
package enum Quantity {
    /// "15.6 GB", in powers of ten.
    package static func bytes(_ count: Int) -> String {
        let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        for (unit, size) in units where Double(count) >= size {
            return "\(number(Double(count) / size)) \(unit)"
        }
        return "\(count) bytes"
    }

    /// Three digits or the whole number: 1.25, 15.6, 248, 1250.
    package static func number(_ value: Double) -> String {
        String(format: "%.\(value >= 100 ? 0 : value >= 10 ? 1 : 2)f", value)
    }

    /// The nearest whole number; what is not finite as it is.
    package static func whole(_ value: Double) -> String {
        String(format: "%.0f", value.rounded())
    }

    /// "124 million", "1.56 billion".
    package static func parameters(_ count: Int) -> String {
        count >= 1_000_000_000
            ? "\(number(Double(count) / 1e9)) billion" : "\(number(Double(count) / 1e6)) million"
    }

    /// "1:02:03", "2 d 3:04:05".
    package static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded())
        let days = whole >= 86_400 ? "\(whole / 86_400) d " : ""
        return days
            + String(format: "%d:%02d:%02d", whole % 86_400 / 3600, whole % 3600 / 60, whole % 60)
    }

    /// "1 rank", "2 ranks".
    package static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

extension Double {
    /// The number with as many decimals, as in "0.9543".
    package func formattedTo(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
