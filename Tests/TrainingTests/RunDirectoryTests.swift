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

    @Test func aDirectoryHoldsARunOnceItHasARecipeOrMetrics() throws {
        let folder = try TemporaryFolder()
        let run = try RunDirectory(at: folder("run"))
        #expect(!run.holdsRun)
        try run.storeRecipe("name: a\n")
        #expect(run.holdsRun && run.holdsRecipe)
        #expect(try folder.text("run/recipe.yaml") == "name: a\n")

        let other = try RunDirectory(at: folder("other"))
        try folder.write("", to: "other/metrics.jsonl")
        #expect(other.holdsRun && !other.holdsRecipe)
    }

    @Test func aFileInThePlaceOfTheDirectoryIsNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "run")
        let line = failureLine { _ = try RunDirectory(at: folder("run")) }
        #expect(line.hasPrefix("cannot make the run directory"))
        #expect(line.contains(folder("run")))
    }
}
