import Training

extension Recipe {
    /// Blocks of phases that most runs do not have: they are printed where they say something.
    private static let rareBlocks = ["finetune", "lora", "merge", "export"]

    /// All keys with their values, defaults filled in, in a fixed order; `null` where a key is
    /// not set. Reading it gives an equal recipe.
    package var resolvedYAML: String {
        let silent = Self.rareBlocks.filter { isDefault($0) }
        var lines: [String] = []
        var block: [Substring] = []
        for key in Self.keys {
            let path = key.block?.split(separator: ".") ?? []
            if let first = path.first, silent.contains(String(first)) { continue }
            if path != block, let name = path.last {
                lines.append(Self.indent(path.count - 1) + "\(name):")
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
            key.block?.split(separator: ".").first.map(String.init) != block
                || key.read(self) == key.read(standard)
        }
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
