import Files

/// The model directory that a path means: itself, or the newest checkpoint of a run directory.
package struct ModelPath: Equatable, Sendable {
    package let directory: String
    /// What is to be said where the path is not itself the model; nil where it is.
    package let note: String?

    /// - Parameter needsAdapter: whether only an adapter will do.
    package init(_ path: String, needsAdapter: Bool = false) {
        let found = Self.checkpoint(in: path, needsAdapter: needsAdapter)
        directory = found ?? path
        note = found.map { "\(path) is a run directory: its newest checkpoint is taken, \($0)" }
    }

    /// Nil where the path is a model or an adapter, and where it leads to none.
    private static func checkpoint(in path: String, needsAdapter: Bool) -> String? {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard !isModel(path, needsAdapter: false) else { return nil }
        // A run, the directory of its checkpoints, or a run whose fine-tuning has a directory in it.
        return ["checkpoints/latest", "latest", "finetune/checkpoints/latest"]
            .map { "\(path)/\($0)" }.first { isModel($0, needsAdapter: needsAdapter) }
    }

    private static func isModel(_ path: String, needsAdapter: Bool) -> Bool {
        AdapterDirectory.exists(at: path)
            || !needsAdapter
                && DirectoryEntries.exists("\(path)/\(HuggingFaceConfiguration.fileName)")
    }
}
