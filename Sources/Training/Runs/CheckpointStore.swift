import Diagnostics
import Files
import Foundation
import ModelFiles

/// The checkpoints of a run: directories `step-00000200`, each a Hugging Face model directory with the
/// state of the optimizer beside it, and `latest`, a link to the newest complete one.
package struct CheckpointStore: Sendable {
    package let directory: String

    static let optimizerName = "optimizer.safetensors"
    private static let prefix = "step-"

    package init(directory: String) {
        self.directory = directory
    }

    package static func name(ofStep step: Int) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    package func path(ofStep step: Int) -> String { directory + "/" + Self.name(ofStep: step) }

    /// The checkpoint of `step` while it is being written.
    func unpublished(step: Int) -> PublishedDirectory { PublishedDirectory(at: path(ofStep: step)) }

    /// Lets the checkpoint of `step`, all of whose files are written, appear, and moves `latest`; an
    /// older attempt at the same step is replaced.
    ///
    /// - Parameter known: the files that were hashed while they were written.
    /// - Parameter isBest: whether `best` moves too.
    func publish(step: Int, isBest: Bool, known: [String: Manifest.File]) throws {
        let directory = unpublished(step: step)
        try Manifest.write(in: directory.temporaryPath, known: known)
        try directory.publish(isReplacing: true)
        try PublishedFile.link(self.directory + "/latest", to: Self.name(ofStep: step))
        guard isBest else { return }
        try PublishedFile.link(self.directory + "/best", to: Self.name(ofStep: step))
    }

    /// Removes all but the newest `count` checkpoints up to that of `lastStep`; 0 keeps all.
    ///
    /// Later ones were passed over, since they are not complete: they take no place from the others,
    /// and go when the run comes to their step again.
    ///
    /// - Parameter best: the step of a checkpoint that stays in any case.
    package func keepLast(_ count: Int, upTo lastStep: Int, keeping best: Int? = nil) throws {
        guard count > 0 else { return }
        for step in try steps.filter({ $0 <= lastStep }).dropLast(count) where step != best {
            do {
                try FileManager.default.removeItem(atPath: path(ofStep: step))
            } catch {
                throw Failure(
                    "cannot remove an old checkpoint", got: error.localizedDescription,
                    at: path(ofStep: step))
            }
        }
    }

    /// The steps that have a checkpoint directory, ascending.
    ///
    /// - Throws: `Failure` where the directory of the checkpoints cannot be listed.
    package var steps: [Int] {
        get throws {
            try DirectoryEntries.namesIfThere(in: directory).compactMap { name in
                name.hasPrefix(Self.prefix) ? Int(name.dropFirst(Self.prefix.count)) : nil
            }.sorted()
        }
    }

    /// The newest checkpoint, of those up to `lastStep`, whose files all have their hashes; each one
    /// passed over is reported.
    package func newestComplete(
        upTo lastStep: Int = .max, passingOver report: (Failure) -> Void
    ) throws -> String? {
        for step in try steps.reversed() where step <= lastStep {
            do {
                _ = try Manifest.verify(path(ofStep: step))
                return path(ofStep: step)
            } catch let failure {
                report(failure)
            }
        }
        return nil
    }
}
