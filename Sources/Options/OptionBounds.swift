/// The values that a number in a recipe may take.
package struct OptionBounds: Sendable {
    /// The bounds as a message words them, after "an integer" or "a number".
    package var text: String
    package var contains: @Sendable (Double) -> Bool

    package static func atLeast(_ least: Int) -> OptionBounds {
        OptionBounds(text: "of at least \(least)") { $0 >= Double(least) }
    }

    package static let aboveZero = OptionBounds(text: "above 0") { $0 > 0 }

    /// A share that leaves something over.
    package static let fromZeroBelowOne = OptionBounds(text: "from 0 to below 1") {
        $0 >= 0 && $0 < 1
    }

    package static let fromZeroToOne = OptionBounds(text: "from 0 to 1") { $0 >= 0 && $0 <= 1 }

    /// A share that is not nothing.
    package static let aboveZeroToOne = OptionBounds(text: "above 0, at most 1") {
        $0 > 0 && $0 <= 1
    }
}

/// A number, as bounds see it.
package protocol BoundedOptionType: OptionType {
    var boundedValue: Double { get }
}

extension Int: BoundedOptionType {
    package var boundedValue: Double { Double(self) }
}

extension Double: BoundedOptionType {
    package var boundedValue: Double { self }
}
