import Collectives
import Diagnostics
import Evaluation
import FineTuning
import JSON
import ModelFiles
import Models
import Objectives
import Training

/// `finetune`: a model that does one task, or several adapters at once.
struct FineTunePhase {
    package let isResuming: Bool
    /// Whether a run that holds the directory by an owner's file is ended.
    package var takesOver = false
    package let compute: ComputeResources
    package let communicator: any Communicator
    /// The name of one of several adapters, which comes before its messages; nil for a single
    /// model.
    package var name: String?

    package func run(_ recipe: Recipe) throws -> Trainer.Outcome {
        guard recipe.finetune.variants.isEmpty else { return try runVariants(recipe) }
        let own = try communicator.agree { try recipe.fineTuning() }
        let phase = TrainingPhase(
            isResuming: isResuming, takesOver: takesOver, compute: compute,
            communicator: communicator, name: name)
        let outcome: Trainer.Outcome
        do {
            outcome = try phase.run(own) { try Self.task(own) }
        } catch var error as AgreedFailure {
            error.failure = error.failure.inFineTuning
            throw error
        }
        if outcome == .finished {
            try report(own, model: communicator.agree { try own.latestCheckpoint })
        }
        return outcome
    }

    /// - Parameter recipe: that of the fine-tuning alone.
    package static func task(_ recipe: Recipe) throws -> any TrainingTask {
        switch recipe.finetune.task {
        case .instructions: try InstructionTask(recipe.training, recipe.finetune, recipe.lora)
        case .classification: try ClassificationTask(recipe.training, recipe.finetune, recipe.lora)
        case .preference: try PreferenceTask(recipe.training, recipe.finetune, recipe.lora)
        case .reward: try RewardTask(recipe.training, recipe.finetune, recipe.lora)
        case .policy: try PolicyTask(recipe.training, recipe.finetune, recipe.lora)
        case .distillation: try DistillationTask(recipe.training, recipe.finetune, recipe.lora)
        }
    }

    /// Reports how well a model with a head predicts what was held out; does nothing for other tasks.
    ///
    /// - Parameter recipe: that of the fine-tuning alone.
    package func report(_ recipe: Recipe, model directory: String) throws {
        switch recipe.finetune.task {
        case .classification: try reportClasses(recipe, model: directory)
        case .reward: try reportRewards(recipe, model: directory)
        case .instructions, .preference, .policy, .distillation: return
        }
    }

    /// Prints how often held-out pairs are told apart, and how often by their lengths alone.
    private func reportRewards(_ recipe: Recipe, model directory: String) throws {
        let task = try communicator.agree {
            try RewardTask(recipe.training, recipe.finetune, recipe.lora)
        }
        guard let validation = task.validationLoss(recipe.training) else { return }
        let model = try load(recipe, directory)
        let objective = task.objective(model)
        let sums = try validation.sums(of: objective, over: communicator)
        guard communicator.rank == 0 else { return }
        let measures = objective.measures(
            Array(sums[2...]), BatchProgress(tokenCount: 0, sequenceCount: 0))
        let told = ["accuracy", "longer_wins", "margin", "mean_reward"].compactMap { name in
            measures[name].map { (name, JSONValue.number($0)) }
        }
        let place = self.name.map { "adapter \($0), " } ?? ""
        Console.line(
            "\n\(place)validation: \(Quantity.count(validation.sequenceCount, "pair")), loss "
                + "\((sums[0] / sums[1]).formattedTo(4))")
        Console.line(JSONValue.object(Dictionary(uniqueKeysWithValues: told)).text())
    }

    /// The model of a checkpoint, the same on all ranks. Collective.
    private func load(_ recipe: Recipe, _ directory: String) throws -> LanguageModel {
        let model = try communicator.agree {
            try LoadedModel(
                directory, device: compute.makeDevice(), copyCount: communicator.neighbourCount,
                weights: HeldWeights(recipe.lora.quantize)
            ).model
        }
        try RankInputs(model, at: directory).requireEqual(over: communicator)
        if recipe.training.multipliesBFloat16 { model.parameters.keepBFloat16() }
        return model
    }

    private func reportClasses(_ recipe: Recipe, model directory: String) throws {
        let task = try communicator.agree {
            try ClassificationTask(recipe.training, recipe.finetune, recipe.lora)
        }
        let model = try load(recipe, directory)
        for (name, examples) in [("validation", task.validation), ("test", task.test)] {
            let examples = examples.examples
            guard !examples.isEmpty else { continue }
            let scores = try ClassScores(of: examples, by: model, over: communicator)
            try communicator.agree {
                guard let index = scores.firstNonFinite else { return }
                throw Failure(
                    "the scores of a \(name) text are not finite", expected: "numbers",
                    got: "\(scores.rows[index])", at: directory,
                    remedy: "lower finetune.optimizer.learning_rate")
            }
            let report = ClassificationReport(
                labels: task.labels, actual: examples.map { Int($0.targets.last ?? 0) },
                predicted: scores.classes)
            guard communicator.rank == 0 else { continue }
            let place = self.name.map { "adapter \($0), " } ?? ""
            Console.line("\n\(place)\(name): \(report.text)")
            Console.line(report.json.text())
        }
    }

    /// Trains several adapters: each group of ranks trains one after the other; a group has as many
    /// ranks as there are for each, one at least.
    private func runVariants(_ recipe: Recipe) throws -> Trainer.Outcome {
        let variants = try communicator.agree { try Variant.all(of: recipe) }
        let groupCount = min(communicator.worldSize, variants.count)
        let group = communicator.rank * groupCount / communicator.worldSize
        let part = try communicator.split(color: group)
        var outcome = Trainer.Outcome.finished
        do {
            for variant in stride(from: group, to: variants.count, by: groupCount) {
                let name = groupCount > 1 ? "\(variant + 1)" : nil
                if part.rank == 0 {
                    Console.line("adapter \(variants[variant].name)")
                    for note in variants[variant].notes { Console.line("note: \(note)") }
                }
                outcome = try FineTunePhase(
                    isResuming: isResuming, takesOver: takesOver, compute: compute,
                    communicator: part, name: name
                ).run(variants[variant].recipe)
                guard outcome == .finished else { break }
            }
        } catch let error as AgreedFailure {
            // The other groups know nothing of it.
            guard part.rank == 0 else { return try waitForAbort() }
            throw error.failure
        }
        let isStopped = try communicator.allReduce(
            [Int64(outcome == .stopped ? 1 : 0)], .maximum)[0]
        return isStopped == 0 ? .finished : .stopped
    }

    /// The first rank of the group ends the job.
    private func waitForAbort() throws -> Trainer.Outcome {
        try communicator.barrier()
        return .stopped
    }
}

/// One of several adapters of a recipe.
struct Variant {
    package let name: String
    package let recipe: Recipe
    /// Notes on what its keys replaced in the recipe of all.
    package let notes: [String]

    /// - Throws: a usage `Failure` for keys that are wrong, and for two variants that are the same.
    package static func all(of recipe: Recipe) throws -> [Variant] {
        let texts = recipe.finetune.variants
        guard Set(texts).count == texts.count else {
            throw Failure(
                FailureText("two of \(key: "finetune.variants") are the same"),
                expected: "variants that differ",
                got: texts.joined(separator: ", "), remedy: "remove one", kind: .usage)
        }
        return try texts.enumerated().map { index, text in
            var (own, entries, notes) = try recipe.variant(text)
            try own.validate(for: [.finetune])
            try own.refuseIdle(entries, in: [.finetune])
            own.finetune.output = "\(recipe.fineTuneOutput)/\(index + 1)"
            return Variant(name: "\(index + 1): \(text)", recipe: own, notes: notes)
        }
    }
}
