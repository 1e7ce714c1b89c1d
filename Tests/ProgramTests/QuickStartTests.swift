import Diagnostics
import Foundation
import Runs
import Testing
import swift_llm_train

/// The recipe, directories and words of the quick start.
@Suite struct QuickStartTests {
    @Test func builtInRecipeIsValidForAllPhases() throws {
        let recipe = try Recipe.load(
            .quickStart, overrides: ["output=there", "prepare.input=there/stories.txt"])
        #expect(recipe.name == "quickstart")
        #expect(recipe.phases == [.prepare, .pretrain, .evaluate, .generate])
        #expect(recipe.data.validation == "there/shards")
    }

    @Test func runsTakeTheNextFreeNumberAndResumeTheNewest() throws {
        let base = NSTemporaryDirectory() + "quickstart-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: base, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: base) }

        #expect(throws: Failure.self) {
            try QuickStartDirectory.number(isResuming: true, in: base)
        }
        try #expect(QuickStartDirectory.number(isResuming: false, in: base) == 1)
        try #expect(QuickStartDirectory.number(isResuming: false, in: base) == 2)
        #expect(FileManager.default.fileExists(atPath: base + "/runs/quickstart-2"))
        try FileManager.default.createDirectory(
            atPath: base + "/runs/quickstart-9", withIntermediateDirectories: true)
        try #expect(QuickStartDirectory.number(isResuming: false, in: base) == 10)
        try #expect(QuickStartDirectory.number(isResuming: true, in: base) == 10)
    }

    @Test func comparisonNamesBothFiguresAndTheirRatio() {
        #expect(
            QuickStartReport.comparison(model: 0.55, source: 0.5)
                == "\nThe model needs 0.550 bits per character of stories that it never saw; "
                + "the source has 0.500, so it is 10.0 % above.")
    }

    @Test(arguments: [(1, 8), (2, 8), (3, 9), (6, 12), (8, 8), (64, 64)])
    func ranksShareTheQuickStartsBatchEvenly(worldSize: Int, batchSize: Int) {
        #expect(QuickStart.batchSize(worldSize: worldSize) == batchSize)
    }
}
