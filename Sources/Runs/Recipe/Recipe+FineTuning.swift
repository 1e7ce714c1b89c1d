import Diagnostics
import Files
import FineTuning
import Training

extension Recipe {
    /// The recipe of the fine-tuning alone: a run of its own, with the contents of its block. For
    /// such a recipe, as a run keeps it, this is itself.
    ///
    /// - Throws: `Failure` where the system cannot find out whether there is a best checkpoint.
    func fineTuning() throws(Failure) -> Recipe {
        var recipe = self
        recipe.phases = [.finetune]
        recipe.output = fineTuneOutput
        recipe.finetune.output = fineTuneOutput
        recipe.finetune.from = try fineTuneSource
        recipe.initial.from = recipe.finetune.from
        recipe.train = finetune.train
        recipe.train.islands = 1
        recipe.optimizer = finetune.optimizer
        recipe.checkpoint = finetune.checkpoint
        recipe.evaluate = finetune.evaluate
        recipe.finetune.variants = []
        return recipe
    }

    var fineTuneOutput: String { finetune.output ?? "\(output)/finetune" }

    /// The model that is fine-tuned; nil where none is named and none was trained before.
    var fineTuneSource: String? {
        get throws(Failure) {
            if let from = finetune.from { return from }
            return phases.contains(.pretrain) ? try latestCheckpoint : nil
        }
    }

    /// The files that a fine-tuning reads.
    var fineTuneInputs: [String] {
        get throws(Failure) {
            let source = try fineTuneSource.map { [$0] } ?? []
            let reference = finetune.task == .preference ? finetune.preference.namedReference : nil
            let teacher = finetune.task == .distillation ? finetune.distillation.teacher : nil
            return finetune.data + finetune.validation + finetune.test + source
                + [reference, teacher].compactMap { $0 }
                + (finetune.task == .policy ? finetune.policy.inputs : [])
        }
    }

    var mergeOutput: String { merge.output ?? "\(output)/merged" }

    var exportOutput: String {
        export.output ?? "\(output)/exported" + (export.format == .gguf ? ".gguf" : "")
    }

    /// The newest checkpoint of the run in `output`, or the best where that is kept.
    package var latestCheckpoint: String {
        get throws(Failure) { try Self.checkpoint(in: output, checkpoint) }
    }

    /// The model directory that a phase takes: what the last phase before it made.
    package func model(for phase: Phase) throws(Failure) -> String {
        let end = phases.firstIndex(of: phase) ?? phases.count
        let makers = phases[..<end].last { [.pretrain, .finetune, .merge].contains($0) }
        switch makers {
        case .pretrain: return try latestCheckpoint
        case .merge: return mergeOutput
        case .finetune: return try fineTunedModel
        default:
            return try phase == .merge || phase == .export ? fineTunedModel : latestCheckpoint
        }
    }

    /// Whether the model that a phase takes is a classifier.
    func isClassifier(for phase: Phase) -> Bool {
        let end = phases.firstIndex(of: phase) ?? phases.count
        return phases[..<end].contains(.finetune) && finetune.task.hasHead
    }

    private var fineTunedModel: String {
        get throws(Failure) { try Self.checkpoint(in: fineTuneOutput, finetune.checkpoint) }
    }

    /// The run directories of a training phase.
    package func runs(of phase: Phase) -> [String] {
        guard phase == .finetune else { return [output] }
        guard !finetune.variants.isEmpty else { return [fineTuneOutput] }
        return finetune.variants.indices.map { "\(fineTuneOutput)/\($0 + 1)" }
    }

    /// A run that was stopped before its first validation has no best one yet.
    private static func checkpoint(
        in run: String, _ options: CheckpointOptions
    ) throws(Failure) -> String {
        let checkpoints = "\(run)/checkpoints"
        guard options.keepBest, try DirectoryEntries.isThere("\(checkpoints)/best") else {
            return "\(checkpoints)/latest"
        }
        return "\(checkpoints)/best"
    }

    /// Throws a usage `Failure` where keys want the lowest validation loss, of a run without any.
    func refuseBestCheckpoint() throws {
        let keys = [
            ("checkpoint.keep_best", checkpoint.keepBest),
            ("evaluate.patience", evaluate.patience != nil),
        ]
        guard let key = keys.first(where: \.1)?.0 else { return }
        throw Failure(
            FailureText("\(key: key) needs validation losses"),
            expected: "examples that are held out",
            got: "none", remedy: "give the run validation data, or leave the key out",
            kind: .usage)
    }
}

extension Failure {
    /// The failure with the keys of a run of its own as the block finetune spells them.
    var inFineTuning: Failure {
        renamingKeys { key in
            FineTuneOptions.runBlocks.contains { key.hasPrefix("\($0).") } ? "finetune.\(key)" : key
        }
    }
}

extension Recipe {
    /// The part of the recipe that a training of this run's own blocks has to know; see
    /// `fineTuning` for that of a fine-tuning.
    package var training: TrainingRecipe {
        TrainingRecipe(
            seed: seed, output: output, data: data, model: model, initial: initial, train: train,
            optimizer: optimizer, checkpoint: checkpoint, evaluate: evaluate)
    }
}
