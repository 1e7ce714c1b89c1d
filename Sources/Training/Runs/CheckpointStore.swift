import Collectives
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
    /// - Parameter best: the step of a checkpoint that stays in any case, as that does which `best` leads to.
    package func keepLast(_ count: Int, upTo lastStep: Int, keeping best: Int? = nil) throws {
        guard count > 0 else { return }
        let linked = bestName
        for step in try steps.filter({ $0 <= lastStep }).dropLast(count)
        where step != best && Self.name(ofStep: step) != linked {
            do {
                try FileManager.default.removeItem(atPath: path(ofStep: step))
            } catch {
                throw Failure(
                    "cannot remove an old checkpoint", got: error.localizedDescription,
                    at: path(ofStep: step))
            }
        }
    }

    /// The checkpoint that `best` leads to; nil where there is none.
    package var bestName: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: directory + "/best")
    }

    /// Lets `best` lead to the checkpoint that `latest` leads to.
    ///
    /// - Returns: its name.
    /// - Throws: `Failure` where there is none.
    package func makeNewestBest() throws -> String {
        let latest = directory + "/latest"
        guard let name = try? FileManager.default.destinationOfSymbolicLink(atPath: latest) else {
            throw Failure(
                "there is no newest checkpoint", expected: "a link to one", got: "none", at: latest)
        }
        try PublishedFile.link(directory + "/best", to: name)
        return name
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
    /// passed over is reported. The ranks share the reading out. Collective.
    ///
    /// - Parameter threads: those of each rank.
    package func newestComplete(
        upTo lastStep: Int = .max, over communicator: any Communicator = SingleProcess(),
        threads: Int = Manifest.usualThreads, passingOver report: (Failure) -> Void
    ) throws -> FoundCheckpoint? {
        let own = try communicator.agree {
            communicator.rank == 0 ? try steps.filter { $0 <= lastStep }.reversed() : []
        }
        for step in try communicator.broadcast(own, from: 0) {
            do {
                return try FoundCheckpoint(
                    checking: path(ofStep: step), over: communicator, threads: threads)
            } catch let error as AgreedFailure {
                report(error.failure)
            }
        }
        return nil
    }

    /// The step of the newest checkpoint whose files are all there in their sizes, which is known at
    /// once; nil where there is none.
    package func newestStep() throws -> Int? {
        try steps.last { step in
            let path = path(ofStep: step)
            return (try? Manifest(reading: path).checkSizes(in: path)) != nil
        }
    }
}
