import Collectives
import Datasets
import Diagnostics
import Evaluation
import Files
import Foundation
import Machine
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// `plan`: what a training of a recipe will cost on these ranks. Collective; nothing of a run is written.
package struct PlanPhase {
    package let communicator: any Communicator

    package init(communicator: any Communicator) { self.communicator = communicator }

    /// - Parameter isFineTuning: whether the fine-tuning of the recipe is planned, not its pretraining.
    /// - Throws: `AgreedFailure` for a training that cannot be made, one that does not fit into memory
    ///   among them.
    package func plan(_ recipe: Recipe, isFineTuning: Bool) throws -> RunPlan {
        let own = try communicator.agree { isFineTuning ? try recipe.fineTuning() : recipe }
        // Before anything is loaded: what the program takes by itself.
        let ownBytes = MemoryRoom.current.residentBytes
        let compute = try ComputeResources.agree(
            threadsPerRank: own.train.threadsPerRank,
            mayOversubscribe: own.train.oversubscribe, over: communicator)
        let phase = TrainingPhase(
            isResuming: false, compute: compute, communicator: communicator)
        let streams =
            try isFineTuning ? nil : DataStreams.gathered(own.data, over: communicator)
        let subject = try communicator.agree {
            try PlannedTask(own, isFineTuning: isFineTuning, streams)
        }
        let fitted = try communicator.agree { try own.fittingWarmup(to: subject.task).recipe }
        let settled = try phase.settleAlike(fitted, subject.task, RunStart())
        return try PlannedTraining(
            recipe: settled, subject: subject, phase: phase, ownBytes: ownBytes
        ).plan(measuring: .patiently)
    }
}

/// What a recipe trains on: its data where they are there, tokens without meaning in their place else.
struct PlannedTask {
    let task: any TrainingTask
    let notes: [String]

    /// What a run trains on.
    init(_ task: any TrainingTask) { (self.task, notes) = (task, []) }

    init(_ recipe: Recipe, isFineTuning: Bool, _ gathered: DataStreams?) throws {
        if isFineTuning {
            task = try FineTunePhase.task(recipe)
            let teacher =
                "the seconds are those of the student alone: a teacher reads each batch too"
            notes =
                ["examples are shorter than the longest that may be: a step takes less time"]
                + (recipe.finetune.task == .distillation ? [teacher] : [])
            return
        }
        if let gathered {
            task = try PretrainingTask(recipe.training, gathered)
            notes = []
            return
        }
        let sources = recipe.data.sources.map(\.path)
        let paths = sources.isEmpty ? [recipe.data.train].compactMap { $0 } : sources
        let isThere = paths.allSatisfy {
            (try? DatasetFiles.resolve($0, split: .train)).map { !$0.isEmpty } ?? false
        }
        guard !isThere || paths.isEmpty else {
            task = try PretrainingTask(recipe.training)
            notes = []
            return
        }
        let size = try Self.vocabularySize(recipe)
        task = RandomTask(vocabularySize: size)
        notes = ["the text is not prepared yet: a vocabulary of \(size), and no validation"]
    }

    /// The vocabulary that the recipe will have, as far as it says.
    private static func vocabularySize(_ recipe: Recipe) throws -> Int {
        if let size = recipe.model.vocabularySize { return size }
        if let path = recipe.tokenizer.path ?? recipe.data.tokenizer,
            try DirectoryEntries.isThere(path, followsLinks: true)
        {
            return try StoredModelFormat.tokenizer(path).vocabularySize
        }
        if recipe.phases.contains(.prepare) { return recipe.tokenizer.vocabularySize }
        throw Failure(
            "the data are not there, and nothing tells the size of the vocabulary",
            expected: recipe.data.train, got: "no shards",
            remedy: FailureText("prepare them first, or give \(key: "model.vocabulary_size")"),
            kind: .usage)
    }
}
