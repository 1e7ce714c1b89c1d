import Diagnostics
import Files

/// The model directory that a path means: itself, or the newest checkpoint of a run directory.
package struct ModelPath: Equatable, Sendable {
    package let directory: String
    /// A note for the user where the path is not itself the model, or the model is more than what is taken;
    /// nil for others.
    package let note: String?

    /// - Parameter needsAdapter: whether only an adapter will do.
    /// - Throws: `Failure` where the system cannot find out what lies there.
    package init(_ path: String, needsAdapter: Bool = false) throws(Failure) {
        let found = try Self.checkpoint(in: path, needsAdapter: needsAdapter)
        directory = found ?? path
        let part = TextPart(in: found ?? path).map {
            "of this model of the family \"\($0.whole)\" the text part is taken"
        }
        note =
            found.map { "\(path) is a run directory: its newest checkpoint is taken, \($0)" }
            ?? part
    }

    /// The newest checkpoint of a run directory; nil where the path is a model or an adapter, and
    /// where it leads to none.
    private static func checkpoint(in path: String, needsAdapter: Bool) throws(Failure) -> String? {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard try !isModel(path, needsAdapter: false) else { return nil }
        // A run, the directory of its checkpoints, or a run whose fine-tuning has a directory in it.
        for place in ["checkpoints/latest", "latest", "finetune/checkpoints/latest"]
        where try isModel("\(path)/\(place)", needsAdapter: needsAdapter) {
            return "\(path)/\(place)"
        }
        return nil
    }

    private static func isModel(_ path: String, needsAdapter: Bool) throws(Failure) -> Bool {
        if try AdapterDirectory.exists(at: path) { return true }
        if needsAdapter { return false }
        return try DirectoryEntries.isThere("\(path)/\(HuggingFaceConfiguration.fileName)")
    }
}
