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

    @Test(arguments: [ENOLCK, ENOSYS, EOPNOTSUPP])
    func aFileSystemWithoutLocksIsSaidToHaveNone(code: Int32) throws {
        let folder = try TemporaryFolder()
        let run = try RunDirectory(at: folder("run")) { _, _ in
            errno = code
            return -1
        }
        let warning = try #require(run.warning)
        #expect(warning.contains("gives no lock (flock: \(String(cString: strerror(code)))): "))
        #expect(try RunDirectory(at: folder("other")).warning == nil)
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
