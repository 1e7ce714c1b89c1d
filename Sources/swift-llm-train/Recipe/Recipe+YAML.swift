import Training

extension Recipe {
    /// All keys with their values, defaults filled in, in a fixed order; `null` where a key is
    /// not set. Reading it gives an equal recipe.
    package var resolvedYAML: String {
        var lines: [String] = []
        var block: String?
        for key in Self.keys {
            if key.block != block, let name = key.block { lines.append("\(name):") }
            block = key.block
            let indent = key.block == nil ? "" : "  "
            lines.append("\(indent)\(key.key): \(key.read(self))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
