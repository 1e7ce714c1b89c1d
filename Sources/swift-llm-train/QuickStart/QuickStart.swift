import Collectives
import Datasets
import Diagnostics
import Files
import Foundation
import JSON
import Runs

/// The built-in quick start: makes a text of small stories, runs all phases of its recipe on it, and
/// compares the model with what the text is known to hold.
package struct QuickStart {
    let communicator: any Communicator
    let runner: PhaseRunner
    /// Keys of the recipe to change.
    let overrides: [String]

    private static let sampleCount = 3

    /// - Returns: the exit code.
    func run() throws -> Int32 {
        let recipe = try settleRecipe()
        let corpus = try communicator.agree { try makeText(for: recipe) }
        let training = recipe.phases.filter { $0 == .prepare || $0 == .pretrain }
        var runner = runner
        runner.makesReport = false
        let code = try runner.run(training, of: recipe)
        guard code == 0 else { return code }

        let compute = try ComputeResources.agree(
            threadsPerRank: recipe.train.threadsPerRank,
            mayOversubscribe: recipe.train.oversubscribe, over: communicator)
        var lines: [String] = []
        if recipe.phases.contains(.evaluate), let data = recipe.data.validation {
            let scores = try EvaluatePhase(communicator: communicator, compute: compute).run(
                model: communicator.agree { try recipe.latestCheckpoint }, data: data,
                sequenceLength: recipe.train.sequenceLength)
            lines += try communicator.agree {
                try keep(scores, of: recipe, data: data)
                return try corpus.map { try [compare(scores, with: $0, data: data)] } ?? []
            }
        }
        if recipe.phases.contains(.generate) { try writeSamples(recipe, compute) }
        if communicator.rank == 0 { RunReporter(ofRun: recipe.output).writeAtEnd() }
        for line in lines + [try QuickStartReport.next(recipe)] { say(line) }
        return 0
    }

    /// The recipe with the directory of this run.
    private func settleRecipe() throws -> Recipe {
        // Everything that can be wrong is found before a directory is made.
        let reading = try communicator.agree { try loadRecipe([]) }
        let draft = reading.recipe
        if communicator.rank == 0 { reading.announce() }
        let isOpen = !overrides.contains { $0.hasPrefix("output=") }
        let own = try communicator.agree {
            guard communicator.rank == 0, isOpen else { return Int64(0) }
            return Int64(try QuickStartDirectory.number(isResuming: runner.isResuming))
        }
        let number = try communicator.broadcast([own], from: 0)[0]
        var recipe = draft
        if isOpen {
            let output = QuickStartDirectory.path(Int(number))
            recipe = try communicator.agree { try loadRecipe(["output=\(output)"]).recipe }
        }
        recipe.prepare.input = [recipe.output + "/stories.txt"]
        return recipe
    }

    private func loadRecipe(_ own: [String]) throws -> RecipeReading {
        if overrides.contains(where: { $0.hasPrefix("prepare.input=") }) {
            throw Failure(
                "the quick start makes its own text", expected: "no prepare.input",
                remedy: "name a recipe to train on another text", kind: .usage)
        }
        let batchSize = Self.batchSize(worldSize: communicator.worldSize)
        return try RecipeReading(
            .quickStart,
            overrides: ["train.global_batch_size=\(batchSize)"] + own + overrides
                + ["prepare.input=stories.txt"])
    }

    /// The least batch of eight or more sequences that the ranks can share.
    package static func batchSize(worldSize: Int) -> Int { (7 + worldSize) / worldSize * worldSize }

    /// Writes the text on rank 0, which alone needs the stories again.
    private func makeText(for recipe: Recipe) throws -> StoryCorpus? {
        guard communicator.rank == 0 else { return nil }
        let corpus = StoryCorpus(seed: UInt64(recipe.seed))
        try FileManager.default.createDirectory(
            atPath: recipe.output, withIntermediateDirectories: true)
        try PublishedFile.write(Array(corpus.text.utf8), to: recipe.prepare.input[0])
        say(
            "wrote \(recipe.prepare.input[0]): \(corpus.documents.count) stories, "
                + "\(corpus.byteCount) characters")
        return corpus
    }

    /// Keeps the figures for the report; the first rank does.
    private func keep(_ scores: EvaluatePhase.Scores, of recipe: Recipe, data: String) throws {
        let model = try recipe.latestCheckpoint
        try FiniteFigures.require(scores.json, at: model)
        guard communicator.rank == 0 else { return }
        try RunRecords(ofModel: model)?.add(
            evaluation: scores.json, of: data, step: ReportedCheckpoint.step(of: model))
    }

    private func compare(
        _ scores: EvaluatePhase.Scores, with corpus: StoryCorpus, data: String
    ) throws -> String {
        let validation = try TokenStream(resolving: data, split: .validation)
        return QuickStartReport.comparison(
            model: scores.bitsPerByte,
            source: corpus.bitsPerByte(ofLast: validation.documentCount))
    }

    private func writeSamples(_ recipe: Recipe, _ compute: ComputeResources) throws {
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            for sample in 0..<Self.sampleCount {
                var options = recipe.generate
                options.seed = (options.seed ?? recipe.seed) + sample
                say("\nStory \(sample + 1), by the model:")
                try GeneratePhase(compute: compute).run(
                    options, keepingSamplesOf: recipe.latestCheckpoint)
            }
        }
    }

    private func say(_ line: String) {
        if communicator.rank == 0 { Console.line(line) }
    }
}
