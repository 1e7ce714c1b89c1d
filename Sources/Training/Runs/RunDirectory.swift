import Diagnostics
import Files
import Foundation

/// The directory of a run: recipe.yaml, metrics.jsonl, log.txt and checkpoints/.
///
/// One run at a time: an advisory lock is held that the kernel drops when its holder dies.
package final class RunDirectory {
    package let path: String
    private let lock: Int32

    package var checkpointsPath: String { path + "/checkpoints" }
    package var metricsPath: String { path + "/metrics.jsonl" }
    package var recipePath: String { path + "/recipe.yaml" }
    package var logPath: String { path + "/log.txt" }
    /// Names what MPI has in shared memory, for the next start to remove if nobody else does.
    package var segmentsPath: String { path + "/.segments" }

    /// Makes the directory where it is missing and locks it.
    ///
    /// - Throws: `Failure` when another run holds the lock, and when it cannot be written.
    package init(at path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path + "/checkpoints", withIntermediateDirectories: true)
        } catch {
            throw Failure(
                "cannot make the run directory", got: error.localizedDescription, at: path,
                remedy: "choose another output")
        }
        let lockPath = path + "/.lock"
        lock = open(lockPath, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw Failure(
                "cannot write in the run directory", got: String(cString: strerror(errno)),
                at: lockPath, remedy: "choose another output")
        }
        // From here on deinit closes the lock, even when this throws.
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(
                "another run is at work in this directory", at: path,
                remedy: "wait for it, stop it, or choose another output")
        }
    }

    deinit { close(lock) }

    /// Whether a run has begun here.
    package var holdsRun: Bool {
        holdsRecipe || FileManager.default.fileExists(atPath: metricsPath)
    }

    package var holdsRecipe: Bool { FileManager.default.fileExists(atPath: recipePath) }

    package func storeRecipe(_ text: String) throws {
        try PublishedFile.write(Array(text.utf8), to: recipePath)
    }
}
