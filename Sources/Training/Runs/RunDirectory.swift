import Diagnostics
import Files
import Foundation

/// The directory of a run: recipe.yaml, metrics.jsonl, log.txt and checkpoints/.
///
/// One run at a time: an advisory lock is held that the kernel drops when its holder dies. Where the
/// file system has no locks the run goes on with a warning.
package final class RunDirectory {
    package let path: String
    /// A warning that nothing keeps a second run away; nil where the lock does.
    package let warning: String?
    private let lock: FileLock

    package var checkpointsPath: String { path + "/checkpoints" }
    package var metricsPath: String { path + "/metrics.jsonl" }
    package var recipePath: String { path + "/recipe.yaml" }
    package var logPath: String { path + "/log.txt" }
    /// The path of the file that names what MPI has in shared memory, for the next start to remove
    /// if nobody else does.
    package var segmentsPath: String { path + "/.segments" }

    /// Makes the directory where it is missing and locks it.
    ///
    /// - Parameter lock: the system call that locks, which tests replace.
    /// - Throws: `Failure` when another run holds the lock, and when it cannot be written.
    package init(
        at path: String, lock: (Int32, Int32) -> Int32 = { flock($0, $1) }
    ) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path + "/checkpoints", withIntermediateDirectories: true)
        } catch {
            throw Failure(
                "cannot make the run directory", got: error.localizedDescription, at: path,
                remedy: "choose another output")
        }
        self.lock = try FileLock(
            path: path + "/.lock", what: "cannot write in the run directory", lock: lock)
        switch self.lock.outcome {
        case .locked: warning = nil
        case .taken:
            throw Failure(
                "another run is at work in this directory", at: path,
                remedy: "wait for it, stop it, or choose another output")
        case .unavailable(let reason):
            warning =
                "the file system of \(path) gives no lock (flock: \(reason)): nothing keeps a second "
                + "run out of this directory, so start none"
        }
    }

    /// Whether a run has begun here.
    package var holdsRun: Bool {
        get throws { try holdsRecipe || DirectoryEntries.isThere(metricsPath) }
    }

    package var holdsRecipe: Bool {
        get throws { try DirectoryEntries.isThere(recipePath) }
    }

    package func storeRecipe(_ text: String) throws {
        try PublishedFile.write(Array(text.utf8), to: recipePath)
    }
}
