import Datasets
import Diagnostics
import Files
import Foundation

/// The directory of a run: recipe.yaml, metrics.jsonl, log.txt and checkpoints/.
///
/// One run at a time: an advisory lock is held that the kernel drops when its holder dies. Where the
/// file system has no locks, or locks that other hosts do not see, a file that names the owner of the
/// directory, and is written again every few seconds, does the same.
package final class RunDirectory {
    package let path: String
    /// A warning about the locks of the file system; nil where they do.
    package let warning: String?
    private let lock: FileLock
    private let owner: OwnerFile?

    package static let metricsName = "metrics.jsonl"

    package var checkpointsPath: String { path + "/checkpoints" }
    package var metricsPath: String { path + "/" + Self.metricsName }
    package var recipePath: String { path + "/recipe.yaml" }
    package var logPath: String { path + "/log.txt" }
    /// The path of the file that names what MPI has in shared memory, for the next start to remove
    /// if nobody else does.
    package var segmentsPath: String { path + "/.segments" }

    /// Makes the directory where it is missing and locks it.
    ///
    /// - Parameters:
    ///   - takesOver: whether a run that holds the directory by an owner's file is ended.
    ///   - reach: how far locks reach; nil looks at the mount.
    ///   - beat: the time between two signs of life in an owner's file.
    ///   - lock: the system call that locks, which tests replace.
    /// - Throws: `Failure` when another run holds the lock, and when it cannot be written.
    package init(
        at path: String, takesOver: Bool = false, reach: LockReach? = nil,
        beat: Duration = OwnerFile.usualBeat, lock: (Int32, Int32) -> Int32 = { flock($0, $1) }
    ) throws {
        self.path = path
        do {
            try DirectoryEntries.make(path + "/checkpoints", what: "cannot make the run directory")
        } catch {
            var failure = error
            failure.remedy = "choose another output"
            throw failure
        }
        self.lock = try FileLock(
            path: path + "/.lock", what: "cannot write in the run directory", lock: lock)
        guard self.lock.outcome != .taken else {
            throw Failure(
                "another run is at work in this directory", at: path,
                remedy: "wait for it, stop it, or choose another output")
        }
        let doubt = Self.doubt(self.lock.outcome, reach ?? LockReach(at: path))
        // A host whose locks do goes by the file of one whose locks do not.
        let needsOwner = try doubt != nil || OwnerFile.isThere(in: path)
        owner =
            needsOwner
            ? try OwnerFile(
                of: path, claim: takesOver ? .atOnce : .whenSilent, beat: beat,
                say: { Console.write($0 + "\n", to: .standardError) }) : nil
        warning = doubt.map { doubt in
            "the file system of \(path) \(doubt): a file in it names the run that owns the "
                + "directory, every \(beat / .seconds(1)) s, and keeps others out"
        }
    }

    /// What is wrong with the lock; nil where no other host can have it too.
    private static func doubt(_ outcome: FileLock.Outcome, _ reach: LockReach) -> String? {
        switch (outcome, reach) {
        case (.unavailable(let reason), _): "gives no lock (flock: \(reason))"
        case (_, .thisHost(let reason)): "may give locks that other hosts do not see (\(reason))"
        default: nil
        }
    }

    /// Whether a run has begun here.
    package var holdsRun: Bool {
        get throws { try holdsRecipe || DirectoryEntries.isThere(metricsPath) }
    }

    package var holdsRecipe: Bool {
        get throws { try DirectoryEntries.isThere(recipePath) }
    }

    /// Keeps the records that were left out, one a line; a run without any has no such file.
    package func storeSkipped(_ records: [SkippedRecord]) throws {
        guard !records.isEmpty else { return }
        let lines = records.map { $0.json.text() + "\n" }.joined()
        try PublishedFile.write(Array(lines.utf8), to: path + "/skipped-records.jsonl")
    }

    package func storeRecipe(_ text: String) throws {
        try PublishedFile.write(Array(text.utf8), to: recipePath)
    }
}
