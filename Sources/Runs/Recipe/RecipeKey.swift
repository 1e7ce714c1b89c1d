import Diagnostics
import FineTuning
import Options

/// One key of a recipe, under its full path.
package struct RecipeKey {
    /// The block of the key; nil outside all blocks.
    package let block: String?
    package let key: String
    package let expectation: String
    package let choices: [String]
    /// The role of the paths of the key; nil for a key whose value is no path.
    package let pathRole: OptionPathRole?
    /// The relations of the key to other keys, whose full paths it names.
    package let role: OptionRole
    /// The phases that obey the key; nil for all.
    package let phases: Set<Recipe.Phase>?
    /// Those that obey it in some recipes only.
    private let occasionalPhases: @Sendable (Recipe) -> Set<Recipe.Phase>
    /// The traits that the key shares with the other keys of its block.
    let traits: BlockTraits
    package let read: (Recipe) -> OptionValue
    package let write: (inout Recipe, OptionValue) -> Bool

    /// The dotted path ("train.steps").
    package var path: String { block.map { "\($0).\(key)" } ?? key }

    /// The block that lies in no other; nil outside all blocks.
    var outerBlock: String? { block.map { String($0.prefix { $0 != "." }) } }

    /// Whether the key stands in a block, or in one within it.
    func belongs(to other: String) -> Bool {
        block.map { $0 == other || $0.hasPrefix("\(other).") } ?? false
    }

    /// The keys of a block.
    ///
    /// - Parameters:
    ///   - phases: Those that obey the block; nil for all.
    ///   - occasionalPhases: Those that obey it in some recipes only.
    ///   - conditions: What must hold for any key of the block to have an effect.
    ///   - traits: What else the keys of the block share.
    ///   - idle: Names of keys that never have one here, and why.
    package static func keys<Block: OptionBlock>(
        of block: String?, at path: WritableKeyPath<Recipe, Block>,
        for phases: Set<Recipe.Phase>? = nil,
        orIn occasionalPhases: @escaping @Sendable (Recipe) -> Set<Recipe.Phase> = { _ in [] },
        when conditions: [OptionCondition] = [],
        idle: [String: String] = [:],
        _ traits: BlockTraits = BlockTraits()
    ) -> [RecipeKey] {
        var traits = traits
        traits.conditions = conditions
        return Block.fields.map { [traits] field in
            var role = field.role.inside(block, conditions)
            role.idleness = idle[field.key]
            return RecipeKey(
                block: block, key: field.key, expectation: field.expectation,
                choices: field.choices, pathRole: field.pathRole,
                role: role,
                phases: phases?.union(
                    field.role.furtherPhases.compactMap(Recipe.Phase.init(rawValue:))),
                occasionalPhases: occasionalPhases,
                traits: traits,
                read: { field.read($0[keyPath: path]) },
                write: { field.write(&$0[keyPath: path], $1) })
        }
    }
}

/// The traits that the keys of a block share.
package struct BlockTraits {
    /// The phase that is repeated where one of them has changed since it was finished.
    var remakes: Recipe.Phase?
    /// Whether most recipes leave out the block, so that it is printed only where one sets a key of
    /// it.
    var isRare = false
    /// Whether the keys are those of a run of its own, whose recipe has them outside this block.
    var isOfAnotherRun = false
    /// The conditions for any key of the block to have an effect.
    var conditions: [OptionCondition] = []
}

extension RecipeKey {
    /// What another value of the key means for the run whose recipe this is.
    var effect: OptionEffect { traits.isOfAnotherRun ? .changesFreely : role.effect }

    /// The phases that obey the key in a recipe; nil for all.
    func phases(in recipe: Recipe) -> Set<Recipe.Phase>? {
        phases?.union(occasionalPhases(recipe))
    }

    /// Whether a phase of a recipe obeys the block of the key, or the key in particular.
    ///
    /// A fine-tuning has training blocks of its own, in the place of those outside.
    func isObeyed(by phase: Recipe.Phase, of recipe: Recipe) -> Bool {
        let isReplaced =
            phase == .finetune && block.map(FineTuneOptions.runBlocks.contains) ?? false
        return !isReplaced && phases(in: recipe)?.contains(phase) ?? true
            && traits.conditions.allSatisfy { recipe.meets($0) }
    }
}

extension OptionRole {
    /// The role with full paths, and with the conditions of the block.
    fileprivate func inside(_ block: String?, _ blockConditions: [OptionCondition]) -> OptionRole {
        func path(_ key: String) -> String {
            key.contains(".") ? key : block.map { "\($0).\(key)" } ?? key
        }
        var role = self
        for index in rivals.indices { role.rivals[index].key = path(rivals[index].key) }
        for index in conditions.indices { role.conditions[index].key = path(conditions[index].key) }
        role.conditions += blockConditions
        return role
    }
}

extension Recipe {
    /// A value given for a key, and where.
    package struct Entry: Equatable {
        package var path: String
        package var value: OptionValue
        /// The file and line, or the override.
        package var place: String

        package init(path: String, value: OptionValue, place: String) {
            self.path = path
            self.value = value
            self.place = place
        }
    }

    /// Sets one key.
    ///
    /// - Throws: A usage `Failure` where the key is unknown or the value is not as expected.
    package mutating func set(_ entry: Entry) throws {
        guard let key = Self.keys.first(where: { $0.path == entry.path }) else {
            throw Self.unknownKey(entry.path, at: entry.place)
        }
        guard !key.write(&self, entry.value) else { return }
        var nearest: String?
        if case .scalar(let text, _) = entry.value {
            nearest = NearestName.nearest(to: text, in: key.choices)
        }
        throw Failure(
            FailureText("\(key: entry.path)"), expected: key.expectation,
            got: entry.value.quotedDescription,
            at: entry.place, remedy: nearest.map { "did you mean \($0)?" }, kind: .usage)
    }

    package static func unknownKey(_ path: String, at place: String) -> Failure {
        let blocks = Set(keys.compactMap(\.block))
        if let first = keys.first(where: { $0.block == path }) {
            return Failure(
                "\(path) is a block of keys", at: place,
                remedy: "name one of its keys, as in \(first.path)", kind: .usage)
        }
        // Of keys that are equally near, one that most recipes have was meant.
        let ordered = keys.filter { !$0.traits.isRare } + keys.filter { $0.traits.isRare }
        let nearest = NearestName.nearestPath(
            to: path, in: ordered.map(\.path) + blocks.sorted())
        return Failure(
            "unknown key \(path)", at: place, remedy: nearest.map { "did you mean \($0)?" },
            kind: .usage)
    }
}
