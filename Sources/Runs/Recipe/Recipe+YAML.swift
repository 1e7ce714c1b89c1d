extension Recipe {
    /// All keys with their values, defaults filled in, in a fixed order; `null` where a key is
    /// not set. Reading it gives an equal recipe.
    package var resolvedYAML: String {
        let shown = Set(commonKeys.map(\.path))
        return yaml { shown.contains($0.path) }
    }

    /// All keys but those of rare blocks in which every key has its default.
    var commonKeys: [RecipeKey] {
        let common = Set(Self.keys.filter { !$0.traits.isRare }.compactMap(\.block))
        // A rare block within a common one is by itself, as evaluate.pairwise is.
        let rare = Set(
            Self.keys.filter(\.traits.isRare).compactMap { key in
                key.outerBlock.map(common.contains) == true ? key.block : key.outerBlock
            })
        let silent = rare.filter { isDefault($0) }
        return Self.keys.filter { key in !silent.contains { key.belongs(to: $0) } }
    }

    /// The keys of a run's recipe that differ from their defaults, for its log: of fine-tuning
    /// those that it obeys, spelled as in its recipe.
    package var announcedYAML: String {
        var standard = Recipe()
        standard.generate.seed = seed
        guard phases == [.finetune] else {
            return yaml { [standard] in $0.read(self) != $0.read(standard) }
        }
        var recipe = self
        recipe.finetune.train = train
        recipe.finetune.optimizer = optimizer
        recipe.finetune.checkpoint = checkpoint
        recipe.finetune.evaluate = evaluate
        return recipe.yaml { [recipe, standard] key in
            key.read(recipe) != key.read(standard)
                && key.isObeyed(by: .finetune, of: recipe)
        }
    }

    private func yaml(where isShown: (RecipeKey) -> Bool) -> String {
        var lines: [String] = []
        var block: [Substring] = []
        for key in Self.keys where isShown(key) {
            let path = key.block?.split(separator: ".") ?? []
            let shared = zip(path, block).prefix { $0 == $1 }.count
            for (depth, name) in path.enumerated().dropFirst(shared) {
                lines.append(Self.indent(depth) + "\(name):")
            }
            block = path
            lines.append(Self.indent(path.count) + "\(key.key): \(key.read(self))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether every key of a block, and of the blocks in it, has its default.
    private func isDefault(_ block: String) -> Bool {
        let standard = Recipe()
        return Self.keys.allSatisfy { key in
            !key.belongs(to: block) || key.read(self) == key.read(standard)
        }
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
