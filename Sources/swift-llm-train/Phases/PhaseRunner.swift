import Collectives
import Datasets
import Diagnostics
import Foundation
import Tokenizers
import Training

/// Carries out phases of a recipe, one after the other, on all ranks.
struct PhaseRunner {
    let communicator: any Communicator
    let isResuming: Bool

    /// The exit code of a run that was stopped on request after saving.
    private static let stoppedExitCode: Int32 = 75

    /// - Returns: the exit code.
    func run(_ phases: [Recipe.Phase], of recipe: Recipe) throws -> Int32 {
        let compute = try ComputeResources.agree(
            threadsPerRank: recipe.train.threadsPerRank, over: communicator)
        for phase in phases {
            if phases.count > 1 { say("phase \(phase.rawValue)") }
            switch phase {
            case .prepare: try prepare(recipe)
            case .pretrain:
                let phase = PretrainPhase(
                    isResuming: isResuming, compute: compute, communicator: communicator)
                if try phase.run(recipe) == .stopped { return Self.stoppedExitCode }
            case .evaluate: try evaluate(recipe, compute)
            case .generate: try generate(recipe, compute)
            }
        }
        return 0
    }

    /// A run that is resumed uses shards that are all there, and replaces those of a preparation that
    /// was cut off, which lack the tokenizer.json.
    private func prepare(_ recipe: Recipe) throws {
        let isDone = try communicator.agree {
            isResuming
                && FileManager.default.fileExists(
                    atPath: (recipe.prepare.output ?? "") + "/tokenizer.json")
        }
        if isDone { return say("already prepared: \(recipe.prepare.output ?? "")") }
        let given = try communicator.agree {
            try recipe.tokenizer.path.map { try TokenizerFile.load($0) }
        }
        let tokenizer =
            try given
            ?? TokenizerPhase(communicator: communicator).train(
                recipe.tokenizer, input: recipe.prepare.input)
        let summary = try PreparePhase(communicator: communicator).run(
            recipe.prepare, tokenizer: tokenizer, malformed: .replaced, isReplacing: isResuming)
        say(summary)
    }

    private func evaluate(_ recipe: Recipe, _ compute: ComputeResources) throws {
        guard let data = recipe.data.validation else { return say("no validation data") }
        let scores = try EvaluatePhase(communicator: communicator, compute: compute).run(
            model: recipe.latestCheckpoint, data: data, sequenceLength: recipe.train.sequenceLength)
        say(scores.json.text())
    }

    private func generate(_ recipe: Recipe, _ compute: ComputeResources) throws {
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try GeneratePhase(compute: compute).run(
                recipe.generate, model: recipe.latestCheckpoint)
        }
    }

    private func say(_ line: String) {
        if communicator.rank == 0 { Console.line(line) }
    }
}

extension Recipe {
    var latestCheckpoint: String { output + "/checkpoints/latest" }
}
