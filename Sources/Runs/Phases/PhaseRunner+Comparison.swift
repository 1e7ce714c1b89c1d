import Datasets
import Diagnostics
import Evaluation
import Foundation
import JSON
import ModelFiles
import Tokenizers
import Training

/// The comparison at the end of a fine-tuning, and what follows from it.
extension PhaseRunner {
    /// Throws where a comparison is wanted and its prompts or its models cannot be read, before hours of
    /// training. Models in the run's own directory may yet be made. Collective.
    func requireComparable(_ recipe: Recipe) throws {
        guard let path = recipe.pairwise.prompts else { return }
        try communicator.agree {
            var log = RecordLog()
            _ = try PromptFile(
                path: path, inputBegin: ChatPieces().inputBegin, mentions: { _ in true }
            ).prompts(&log)
            for model in [recipe.pairwise.against, recipe.pairwise.judge].compactMap({ $0 })
            where !model.hasPrefix("\(recipe.output)/") {
                if try AdapterDirectory.exists(at: model) {
                    _ = try AdapterDirectory(reading: model)
                } else {
                    _ = try StoredModelFormat.open(model)
                }
            }
        }
    }

    /// Compares what was fine-tuned with what it began as, where the recipe asks for it. Where it wins by
    /// more than a standard error, `checkpoints/best` leads to it. Collective.
    func compare(_ recipe: Recipe, _ compute: ComputeResources) throws {
        guard let contest = try communicator.agree({ try recipe.contest() }) else { return }
        let report = try PairwisePhase(communicator: communicator, compute: compute).run(contest)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            for warning in report.warnings {
                Console.write("warning: \(warning)\n", to: .standardError)
            }
            Console.line(report.text)
            try FiniteFigures.require(report.json, at: contest.candidate)
            let store = CheckpointStore(directory: "\(recipe.fineTuneOutput)/checkpoints")
            if report.winRate.isWin {
                let name = try store.makeNewestBest()
                Console.line("it wins by more than a standard error: best is \(name) now")
            } else {
                let best = store.bestName.map { "stays \($0)" } ?? "is not there yet"
                Console.line("it does not win by more than a standard error: best \(best)")
            }
            Console.record(report.json.text())
            try RunRecords(ofModel: contest.candidate)?.add(
                evaluation: report.json, of: "against \(contest.against), \(contest.prompts)",
                step: ReportedCheckpoint.step(of: contest.candidate))
        }
    }
}
