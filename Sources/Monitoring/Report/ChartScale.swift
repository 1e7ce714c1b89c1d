import Foundation

/// A range of values, and the round numbers in it that an axis names.
struct ChartScale: Equatable {
    let low: Double
    let high: Double

    /// - Parameter values: at least one, all finite.
    init(_ values: [Double]) {
        let (least, most) = (values.min() ?? 0, values.max() ?? 1)
        let room = most > least ? (most - least) * 0.05 : max(abs(most) * 0.1, 1e-12)
        // Nothing that is never negative has an axis below zero.
        low = least >= 0 ? max(0, least - room) : least - room
        high = most + room
    }

    init(low: Double, high: Double) {
        self.low = low
        self.high = high > low ? high : low + 1
    }

    /// 0 at the low end, 1 at the high one.
    func share(_ value: Double) -> Double { (value - low) / (high - low) }

    /// Round numbers from low to high, about `count` of them.
    func ticks(_ count: Int) -> [Double] {
        let rough = (high - low) / Double(count)
        let magnitude = pow(10, floor(log10(rough)))
        let step = [1, 2, 2.5, 5, 10].map { $0 * magnitude }.first { $0 >= rough } ?? rough
        let first = (low / step).rounded(.up)
        return (0...2 * count).map { (first + Double($0)) * step }.filter { $0 <= high }
    }

    /// A number as short as an axis wants it: 0.005, 1.2, 350, 24k, 1.5M.
    static func label(_ value: Double) -> String {
        func short(_ value: Double) -> String { String(format: "%.3g", value) }
        return switch abs(value) {
        case 0: "0"
        case ..<1e-3: String(format: "%.1e", value).replacingOccurrences(of: "e-0", with: "e-")
        case 1e9...: short(value / 1e9) + "G"
        case 1e6...: short(value / 1e6) + "M"
        case 1e4...: short(value / 1e3) + "k"
        case 1e3...: String(format: "%.0f", value)
        default: short(value)
        }
    }
}
