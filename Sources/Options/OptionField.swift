import Diagnostics

/// A block of a recipe: its default value and its keys.
package protocol OptionBlock: Equatable, Sendable {
    init()
    /// The keys in the order in which a recipe is printed.
    static var fields: [OptionField<Self>] { get }
}

/// What the paths of a key name; relative ones belong to the directory in which a run was started.
package enum OptionPathRole: Sendable {
    /// A file that the run reads.
    case input
    /// A file that the run reads where one of that name is there; else the name of something built
    /// in.
    case inputOrName
    /// A file that the run makes.
    case output
}

/// One key of a block: how it is spelled, read, checked and printed.
///
/// The table of fields is the only description of a block, so that decoding, printing and
/// comparing recipes cannot disagree.
package struct OptionField<Block> {
    package let key: String
    /// The expected value, as a message words it.
    package let expectation: String
    package let choices: [String]
    /// The role of the paths of a key; nil for a key whose value is no path.
    package private(set) var pathRole: OptionPathRole?
    package private(set) var role: OptionRole
    package let read: (Block) -> OptionValue
    /// Sets the key; false where the value is not as expected.
    package let write: (inout Block, OptionValue) -> Bool

    /// A key that always has a value.
    package init<Value: OptionType>(
        _ key: String, _ path: WritableKeyPath<Block, Value>, _ effect: OptionEffect
    ) {
        self.init(key, path, Value.expectation, effect) { _ in true }
    }

    /// Makes a field for a key that may be absent, which `null` means.
    package init<Value: OptionType>(
        _ key: String, _ path: WritableKeyPath<Block, Value?>, _ effect: OptionEffect
    ) {
        self.init(key, path, Value.expectation, effect) { _ in true }
    }

    package init<Value: BoundedOptionType>(
        _ key: String, _ path: WritableKeyPath<Block, Value>, _ bounds: OptionBounds,
        _ effect: OptionEffect
    ) {
        self.init(key, path, "\(Value.expectation) \(bounds.text)", effect) {
            bounds.contains($0.boundedValue)
        }
    }

    package init<Value: BoundedOptionType>(
        _ key: String, _ path: WritableKeyPath<Block, Value?>, _ bounds: OptionBounds,
        _ effect: OptionEffect
    ) {
        self.init(key, path, "\(Value.expectation) \(bounds.text)", effect) {
            bounds.contains($0.boundedValue)
        }
    }

    /// The field of the same key, whose value is a path or a list of paths.
    package func naming(_ role: OptionPathRole) -> OptionField {
        var field = self
        field.pathRole = role
        return field
    }

    private init<Value: OptionType>(
        _ key: String, _ path: WritableKeyPath<Block, Value>, _ expectation: String,
        _ effect: OptionEffect, isValid: @escaping (Value) -> Bool
    ) {
        self.key = key
        self.expectation = expectation
        role = OptionRole(effect: effect)
        choices = Value.choices
        read = { $0[keyPath: path].optionValue }
        write = { block, value in
            guard let value = Value(value), isValid(value) else { return false }
            block[keyPath: path] = value
            return true
        }
    }

    private init<Value: OptionType>(
        _ key: String, _ path: WritableKeyPath<Block, Value?>, _ expectation: String,
        _ effect: OptionEffect, isValid: @escaping (Value) -> Bool
    ) {
        self.key = key
        self.expectation = expectation
        role = OptionRole(effect: effect)
        choices = Value.choices
        read = { $0[keyPath: path]?.optionValue ?? .null }
        write = { block, optionValue in
            let value = Value(optionValue)
            guard optionValue.isNull || value.map(isValid) == true else { return false }
            block[keyPath: path] = optionValue.isNull ? nil : value
            return true
        }
    }
}

extension OptionField {
    /// The key with what it replaces: an override of this key lets those keys of a recipe's file
    /// go, which mean the same thing in another way.
    ///
    /// - Parameters:
    ///   - keys: Names in the same block, or paths with dots.
    ///   - values: The values of this key that replace them; nil for every value.
    package func replacing(_ keys: [String], where values: [String]? = nil) -> OptionField {
        var field = self
        field.role.rivals += keys.map { OptionRole.Rival(key: $0, values: values) }
        return field
    }

    /// The field of the same key, which a run settles at its start where the recipe leaves it open:
    /// from the shards, their tokenizer, the model that it goes on from, or the number of ranks.
    package var settledAtStart: OptionField {
        var field = self
        field.role.isSettledAtStart = true
        return field
    }

    /// The field of the same key, which the first runs did not have.
    package var addedLater: OptionField {
        var field = self
        field.role.isAddedLater = true
        return field
    }

    /// The key with what words mean in the recipe of a run that stored them, where they have another
    /// meaning now: a run that goes on has the bits that it had.
    package func meaning(_ words: [String: String]) -> OptionField {
        var field = self
        field.role.storedWords = words
        return field
    }

    /// The key with what must hold for it to have an effect.
    package func when(_ conditions: OptionCondition...) -> OptionField {
        var field = self
        field.role.conditions += conditions
        return field
    }

    /// The key with the phases that obey it beside those of its block.
    package func also(in phases: String...) -> OptionField {
        var field = self
        field.role.furtherPhases += phases
        return field
    }
}
