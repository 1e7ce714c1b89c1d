/// What another value of a key means for a run that has begun.
package enum OptionEffect: Sendable {
    /// Another value gives other weights, so another run: a resume refuses it.
    case decidesWeights
    /// Another value gives the same run with another schedule: a resume warns of it.
    case movesSchedule
    /// Another value gives the same weights: a resume takes it.
    case changesFreely
}

/// The meaning of a key for a run that has begun, and its relations to other keys.
package struct OptionRole: Sendable {
    /// A key that gives way to an override of this one.
    package struct Rival: Sendable {
        /// A name in the same block, or a path with dots.
        package var key: String
        /// The values of this key to which the other gives way; nil for every value.
        package var values: [String]?
    }

    package var effect: OptionEffect
    /// Whether a run settles the key at its start where the recipe leaves it open.
    package var isSettledAtStart = false
    /// Whether the first runs did not have the key, so that what they noted of their keys lacks it.
    package var isAddedLater = false
    /// What words mean that the first runs stored, where they have another meaning now.
    package var storedWords: [String: String] = [:]
    package var rivals: [Rival] = []
    /// The conditions for the key to have an effect.
    package var conditions: [OptionCondition] = []
    /// Why the key never has an effect in its block, which it shares with others; nil where it may.
    package var idleness: String?
    /// The phases that obey the key beside those of its block.
    package var furtherPhases: [String] = []
}

/// A condition on the value of another key for a key to have an effect.
package struct OptionCondition: Sendable {
    /// A name in the same block, or a path with dots.
    package var key: String
    /// The expected value, as a message words it ("lora").
    package let expectation: String
    package let isMet: @Sendable (OptionValue) -> Bool
    /// The other conditions, each of which is enough as well.
    package private(set) var alternatives: [OptionCondition] = []

    /// The condition, or another, whose key is a path with dots.
    package func or(_ other: OptionCondition) -> OptionCondition {
        var condition = self
        condition.alternatives.append(other)
        return condition
    }

    /// The other key has one of some values, as a recipe prints them.
    package static func key(_ key: String, is values: String...) -> OptionCondition {
        OptionCondition(key: key, expectation: values.joined(separator: " or ")) {
            values.contains($0.description)
        }
    }

    /// The other key has any value but one, as a recipe prints it.
    package static func key(_ key: String, isNot value: String) -> OptionCondition {
        OptionCondition(key: key, expectation: "other than \(value)") { $0.description != value }
    }

    package static func given(_ key: String) -> OptionCondition {
        OptionCondition(key: key, expectation: "a value") { !$0.isNothing }
    }

    package static func missing(_ key: String) -> OptionCondition {
        OptionCondition(key: key, expectation: "no value") { $0.isNothing }
    }
}
