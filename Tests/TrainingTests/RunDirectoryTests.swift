import Files
import Foundation
import TemporaryFolders
import Testing
import Training

@Suite struct RunDirectoryTests {
    @Test func aSecondRunInTheSameDirectoryIsRefused() throws {
        let folder = try TemporaryFolder()
        let first = try RunDirectory(at: folder("run"))
        let line = failureLine { _ = try RunDirectory(at: folder("run")) }
        #expect(line.hasPrefix("another run is at work in this directory (\(first.path))"))
        // Its own directory is free.
        _ = try RunDirectory(at: folder("other"))
    }

    @Test func theLockIsFreeOnceTheRunHasLetGo() throws {
        let folder = try TemporaryFolder()
        do { withExtendedLifetime(try RunDirectory(at: folder("run"))) {} }
        _ = try RunDirectory(at: folder("run"))
    }

    /// In a file system whose flock fails with this error.
    private func run(_ folder: TemporaryFolder, without code: Int32) throws -> RunDirectory {
        try RunDirectory(at: folder("run"), beat: .milliseconds(40)) { _, _ in
            errno = code
            return -1
        }
    }

    @Test(arguments: [ENOLCK, ENOSYS, EOPNOTSUPP])
    func whereAFileSystemHasNoLocksAFileKeepsTheSecondRunOut(code: Int32) throws {
        let folder = try TemporaryFolder()
        let first = try run(folder, without: code)
        let warning = try #require(first.warning)
        #expect(warning.contains("gives no lock (flock: \(String(cString: strerror(code)))): "))
        let line = failureLine { _ = try run(folder, without: code) }
        #expect(line.hasPrefix("another run is at work in this directory: got process "))
        #expect(try RunDirectory(at: folder("other")).warning == nil)
        withExtendedLifetime(first) {}
    }

    /// A lock that each of two hosts would get.
    @Test func aLockOfOneHostAloneIsBackedByAFile() throws {
        let folder = try TemporaryFolder()
        let reach = LockReach.thisHost(reason: "lustre with localflock")
        let run = try RunDirectory(at: folder("run"), reach: reach, beat: .milliseconds(40))
        #expect(run.warning?.contains("other hosts do not see (lustre with localflock)") == true)
        #expect(try OwnerFile.isThere(in: folder("run")))
        // On this host the lock itself tells.
        let line = failureLine { _ = try RunDirectory(at: folder("run"), reach: reach) }
        #expect(line.hasPrefix("another run is at work in this directory ("))
    }

    /// Two hosts mount the same directory, and one of them with locks.
    @Test func aHostWithLocksGoesByTheFileOfOneWithout() throws {
        let folder = try TemporaryFolder()
        let first = try run(folder, without: ENOSYS)
        let line = failureLine {
            _ = try RunDirectory(at: folder("run"), beat: .milliseconds(40))
        }
        #expect(line.hasPrefix("another run is at work in this directory: got process "))
        withExtendedLifetime(first) {}
    }

    @Test func checkpointsThatCannotBeListedAreNotNone() throws {
        let folder = try TemporaryFolder()
        #expect(try CheckpointStore(directory: folder("none")).steps.isEmpty)
        try FileManager.default.createSymbolicLink(
            atPath: folder("loop"), withDestinationPath: "loop")
        let line = failureLine { _ = try CheckpointStore(directory: folder("loop")).steps }
        #expect(line.contains("Too many levels of symbolic links"))
    }

    @Test func aDirectoryHoldsARunOnceItHasARecipeOrMetrics() throws {
        let folder = try TemporaryFolder()
        let run = try RunDirectory(at: folder("run"))
        #expect(try !run.holdsRun)
        try run.storeRecipe("name: a\n")
        #expect(try run.holdsRun && run.holdsRecipe)
        #expect(try folder.text("run/recipe.yaml") == "name: a\n")

        let other = try RunDirectory(at: folder("other"))
        try folder.write("", to: "other/metrics.jsonl")
        #expect(try other.holdsRun && !other.holdsRecipe)
    }

    @Test func aFileInThePlaceOfTheDirectoryIsNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "run")
        let line = failureLine { _ = try RunDirectory(at: folder("run")) }
        #expect(line.hasPrefix("cannot make the run directory"))
        #expect(line.contains(folder("run")))
    }
}
