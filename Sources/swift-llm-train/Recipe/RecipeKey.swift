import Diagnostics
import Training

/// One key of a recipe, under its full path.
package struct RecipeKey {
    /// The block in which the key stands; nil outside all blocks.
    package let block: String?
    package let key: String
    package let expectation: String
    package let choices: [String]
    /// Nil for a key whose value is no path.
    package let pathRole: OptionPathRole?
    package let read: (Recipe) -> OptionValue
    package let write: (inout Recipe, OptionValue) -> Bool

    /// The dotted path ("train.steps").
    package var path: String { block.map { "\($0).\(key)" } ?? key }

    /// The block that stands in no other; nil outside all blocks.
    var outerBlock: String? { block.map { String($0.prefix { $0 != "." }) } }

    package static func keys<Block: OptionBlock>(
        of block: String?, at path: WritableKeyPath<Recipe, Block>
    ) -> [RecipeKey] {
        Block.fields.map { field in
            RecipeKey(
                block: block, key: field.key, expectation: field.expectation,
                choices: field.choices, pathRole: field.pathRole,
                read: { field.read($0[keyPath: path]) },
                write: { field.write(&$0[keyPath: path], $1) })
        }
    }
}

extension Recipe {
    /// A value given for a key, and where.
    package struct Entry: Equatable {
        package var path: String
        package var value: OptionValue
        /// The file and line, or the override.
        package var place: String
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
            entry.path, expected: key.expectation, got: entry.value.quotedDescription,
            at: entry.place, remedy: nearest.map { "did you mean \($0)?" }, kind: .usage)
    }

    package static func unknownKey(_ path: String, at place: String) -> Failure {
        let blocks = Set(keys.compactMap(\.block))
        if let first = keys.first(where: { $0.block == path }) {
            return Failure(
                "\(path) is a block of keys", at: place,
                remedy: "name one of its keys, as in \(first.path)", kind: .usage)
        }
        let nearest = NearestName.nearestPath(to: path, in: keys.map(\.path) + blocks.sorted())
        return Failure(
            "unknown key \(path)", at: place, remedy: nearest.map { "did you mean \($0)?" },
            kind: .usage)
    }
}
