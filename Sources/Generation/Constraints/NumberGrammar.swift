/// Whole and other numbers within bounds.
extension ByteGrammar {
    private static let digit = ByteGrammar.set(ByteSet([0x30...0x39]))
    private static let minus = ByteGrammar.text("-")

    private static func digits(_ range: ClosedRange<Int>) -> ByteGrammar {
        .set(ByteSet([UInt8(0x30 + range.lowerBound)...UInt8(0x30 + range.upperBound)]))
    }

    /// Whole numbers from `low` to `high`; nil for no bound.
    ///
    /// - Precondition: bounds are within 10^18 of 0.
    static func integers(_ low: Int?, _ high: Int?) -> ByteGrammar {
        if let low, let high, low > high { return .nothing }
        var parts: [ByteGrammar] = []
        if (high ?? 0) >= 0 { parts.append(naturals(max(low ?? 0, 0), high)) }
        if (low ?? -1) < 0 {
            let least = high.map { max(1, -$0) } ?? 1
            parts.append(.sequence([minus, naturals(least, low.map { -$0 })]))
        }
        return .alternatives(parts)
    }

    /// Numbers of 0 or more from `low` to `high`, without leading zeros.
    private static func naturals(_ low: Int, _ high: Int?) -> ByteGrammar {
        var parts: [ByteGrammar] = []
        let lowLength = "\(low)".count
        let last = high.map { "\($0)".count } ?? lowLength
        for length in lowLength...max(lowLength, last) {
            let least = length == lowLength ? low : power(length - 1)
            let most = min(high ?? .max, length == 19 ? .max : power(length) - 1)
            guard least <= most else { continue }
            parts.append(between(Array("\(least)".utf8), Array("\(most)".utf8)))
        }
        if high == nil {
            // Those of more digits.
            parts.append(
                .sequence([digits(1...9), .repeated(digit, minimum: lowLength, maximum: nil)]))
        }
        return .alternatives(parts)
    }

    private static func power(_ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { value, _ in value * 10 }
    }

    /// Decimals of the same number of digits between two.
    private static func between(_ low: [UInt8], _ high: [UInt8]) -> ByteGrammar {
        guard let first = low.first, let last = high.first else { return .empty }
        let (lowRest, highRest) = (Array(low.dropFirst()), Array(high.dropFirst()))
        let least = lowRest.map { _ in UInt8(0x30) }
        let most = lowRest.map { _ in UInt8(0x39) }
        func part(_ range: ClosedRange<UInt8>, _ a: [UInt8], _ b: [UInt8]) -> ByteGrammar {
            .sequence([.set(ByteSet([range])), between(a, b)])
        }
        if first == last { return part(first...first, lowRest, highRest) }
        if lowRest == least && highRest == most {
            let rest = ByteGrammar.repeated(digit, minimum: least.count, maximum: least.count)
            return .sequence([.set(ByteSet([first...last])), rest])
        }
        var parts = [part(first...first, lowRest, most), part(last...last, least, highRest)]
        if first + 1 < last { parts.append(part(first + 1...last - 1, least, most)) }
        return .alternatives(parts)
    }

    /// Numbers from `low` to `high`: whole ones, and those between two whole ones within the bounds.
    static func numbers(
        _ low: Double?, _ high: Double?, excludesLow: Bool = false, excludesHigh: Bool = false
    ) -> ByteGrammar {
        let fraction = ByteGrammar.sequence([
            .text("."), .repeated(digit, minimum: 1, maximum: 15),
        ])
        if low == nil && high == nil {
            let exponent = ByteGrammar.sequence([
                .set(ByteSet([0x45...0x45, 0x65...0x65])),
                .optional(.set(ByteSet([0x2B...0x2B, 0x2D...0x2D]))),
                .repeated(digit, minimum: 1, maximum: 2),
            ])
            return .sequence([
                .optional(minus), naturals(0, nil), .optional(fraction), .optional(exponent),
            ])
        }
        func whole(_ value: Double, _ rule: FloatingPointRoundingRule) -> Int {
            Int(max(-1e17, min(1e17, value.rounded(rule))))
        }
        let (bottom, top) = (low.map { whole($0, .up) }, high.map { whole($0, .down) })
        var (least, most) = (bottom, top)
        if excludesLow, let value = least, Double(value) == low { least = value + 1 }
        if excludesHigh, let value = most, Double(value) == high { most = value - 1 }
        var parts = [integers(least, most)]
        // n.f lies strictly between n and n + 1, or is n.
        let lowest = least.map { max(0, $0) } ?? 0
        if top.map({ $0 - 1 >= lowest }) ?? true {
            parts.append(.sequence([naturals(lowest, top.map { $0 - 1 }), fraction]))
        }
        let highest = most.map { max(0, -$0) } ?? 0
        if (low ?? -1) < 0, bottom.map({ -$0 - 1 >= highest }) ?? true {
            parts.append(
                .sequence([minus, naturals(highest, bottom.map { -$0 - 1 }), fraction]))
        }
        return .alternatives(parts)
    }
}
