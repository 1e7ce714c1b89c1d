import Diagnostics
import Evaluation
import Models
import Options
import Training

extension Recipe {
    /// Throws a usage `Failure` where keys contradict each other, or one that a phase needs is
    /// missing.
    package func validate(for phases: [Phase]) throws {
        try validateName()
        try validateOrder()
        for phase in phases { try validate(for: phase) }
        try validateVariants(in: phases)
    }

    /// Refuses a phase after several adapters: it could not know which one it is to take.
    private func validateVariants(in phases: [Phase]) throws {
        guard !finetune.variants.isEmpty, let index = phases.firstIndex(of: .finetune),
            let next = phases[(index + 1)...].first
        else { return }
        throw Failure(
            FailureText("\(key: "finetune.variants") makes several adapters"),
            expected: "finetune as the last phase",
            got: "\(next.rawValue) after it",
            remedy: "use the command finetune, and name the adapter in each later command",
            kind: .usage)
    }

    /// The best of a run is found by its validation loss.
    private func requireValidation(
        _ isValidated: Bool, _ checkpoint: CheckpointOptions, _ evaluate: EvaluationOptions,
        remedy: String
    ) throws {
        let keys = [
            ("checkpoint.keep_best", checkpoint.keepBest),
            ("evaluate.patience", evaluate.patience != nil),
        ]
        guard !isValidated, let key = keys.first(where: \.1)?.0 else { return }
        throw Failure(
            FailureText("\(key: key) needs a validation loss"), expected: "data for validation",
            got: "none",
            remedy: remedy, kind: .usage)
    }

    private func validate(for phase: Phase) throws {
        switch phase {
        case .corpus:
            try require(corpus.input.first, "corpus.input", for: phase)
            try corpusSettings.validate()
        case .prepare:
            try require(prepare.input.first, "prepare.input", for: phase)
        case .pretrain:
            try validatePretraining()
        case .evaluate:
            if !phases.contains(.finetune), evaluate.tasks.isEmpty, pairwise.prompts == nil {
                try require(data.validation, "data.validation", for: phase)
            }
            try validateComparison()
        case .finetune:
            try validateFineTuning()
        case .merge:
            guard finetune.trained == .lora else {
                throw Failure(
                    "there is no adapter to merge", expected: "finetune.trained: lora",
                    got: finetune.trained.rawValue, remedy: "leave out the phase merge",
                    kind: .usage)
            }
        case .export:
            guard export.format == .gguf || !export.type.isQuantized else {
                throw Failure(
                    FailureText("\(key: "export.type")"),
                    expected: "f32, bf16 or f16 in the format hf", got: export.type.rawValue,
                    remedy: "choose one of them, or export.format=gguf", kind: .usage)
            }
        case .generate:
            try require(generate.prompt, "generate.prompt", for: phase)
        }
    }

    private func validatePretraining() throws {
        try data.validate()
        if data.sources.isEmpty { try require(data.train, "data.train", for: .pretrain) }
        if initial.from == nil { try model.validate() } else { try refuseSizes() }
        try train.validate()
        try optimizer.validate()
        try optimizer.validate(islands: train.islands)
        if train.islands > 1 { try outer.validate() }
        try requireValidation(
            data.validation != nil, checkpoint, evaluate, remedy: "set data.validation")
        try requireSteps(train, optimizer)
        if let contextLength = model.contextLength, let sequenceLength = train.sequenceLength {
            guard sequenceLength <= contextLength else {
                throw Failure(
                    FailureText(
                        "\(key: "train.sequence_length") is larger than \(key: "model.context_length")"
                    ),
                    expected: "at most \(contextLength)", got: "\(sequenceLength)",
                    remedy: "lower the one or raise the other", kind: .usage)
            }
        }
    }

    /// Checks the steps where the length is known before the data; else the run does so when it has
    /// opened them.
    private func requireSteps(_ train: TrainOptions, _ optimizer: OptimizerOptions) throws {
        guard train.replacedLength == nil, let stepCount = train.stepCountWithoutData else {
            return
        }
        try optimizer.validate(stepCount: stepCount, of: train)
    }

    private func validateFineTuning() throws {
        try require(finetune.data.first, "finetune.data", for: .finetune)
        try require(fineTuneSource, "finetune.from", for: .finetune)
        do {
            try finetune.train.validate()
            try finetune.optimizer.validate()
            try finetune.optimizer.validate(islands: finetune.train.islands)
            try requireSteps(finetune.train, finetune.optimizer)
            try requireValidation(
                !finetune.validation.isEmpty || finetune.validationFraction > 0,
                finetune.checkpoint, finetune.evaluate,
                remedy: "set finetune.validation or finetune.validation_fraction")
        } catch let failure as Failure {
            throw failure.inFineTuning
        }
        try validateTask()
    }

    private func validateTask() throws {
        func refuse(_ key: String, _ value: String, _ remedy: String) throws {
            throw Failure(
                FailureText(
                    "\(key: key) does not fit \(key: "finetune.task") \(finetune.task.rawValue)"),
                got: value,
                remedy: remedy, kind: .usage)
        }
        if finetune.trained == .head && !finetune.task.hasHead {
            try refuse("finetune.trained", "head", "use lora, last_blocks or all")
        }
        if !finetune.task.packings.contains(finetune.packing) {
            try refuse(
                "finetune.packing", "\(finetune.packing.optionValue)",
                finetune.task.packings.contains(.isolated) ? "use isolated" : "leave it out")
        }
        if finetune.task == .preference {
            try finetune.preference.validate(globalBatchSize: finetune.train.globalBatchSize)
        }
        if finetune.task == .policy {
            try finetune.policy.validate(globalBatchSize: finetune.train.globalBatchSize)
        }
        if finetune.task == .distillation {
            try require(
                finetune.distillation.teacher, "finetune.distillation.teacher", for: .finetune)
            try finetune.distillation.validate(besides: finetune)
        }
        if finetune.trained != .all && !finetune.train.freeze.isEmpty {
            throw Failure(
                FailureText(
                    "\(key: "finetune.train.freeze") does not fit \(key: "finetune.trained") \(finetune.trained.rawValue)"
                ),
                got: "\(finetune.train.freeze.optionValue)",
                remedy: "leave out freeze, or train finetune.trained=all", kind: .usage)
        }
    }

    /// Refuses sizes with `init.from`: they are those of the model that it names.
    private func refuseSizes() throws {
        let sizes = ModelOptions.sizeKeys.map { "model.\($0)" }
        let set = Self.keys.filter { sizes.contains($0.path) && !$0.read(self).isNull }
        guard let key = set.first else { return }
        throw Failure(
            FailureText("\(key: key.path) and \(key: "init.from") are both given"),
            expected: "the sizes of the model in init.from", got: "\(key.read(self))",
            remedy: "leave out \(key.path) or init.from", kind: .usage)
    }

    private func validateName() throws {
        guard name.contains("/") || name == "." || name == ".." else { return }
        throw Failure(
            FailureText("\(key: "name")"), expected: "the name of a directory inside runs",
            got: OptionValue.scalar(name, isPlain: false).quotedDescription,
            remedy: "use output for a path", kind: .usage)
    }

    /// A phase that makes something comes once, before those that use it.
    private func validateOrder() throws {
        let making: [Phase] = [.prepare, .pretrain, .finetune, .merge, .export]
        let found = phases.filter(making.contains)
        guard found != making.filter(phases.contains) else { return }
        throw Failure(
            FailureText("\(key: "phases")"),
            expected: "each once, in the order " + making.map(\.rawValue).joined(separator: ", ")
                + "; evaluate and generate anywhere",
            got: "\(phases.optionValue)", remedy: "put them in this order", kind: .usage)
    }

    private func require(_ value: String?, _ key: String, for phase: Phase) throws {
        guard value == nil else { return }
        throw Failure(
            FailureText("\(key: key) is missing"),
            expected: "a value for the phase \(phase.rawValue)",
            remedy: "set it in the recipe or add \(key)=...", kind: .usage)
    }
}
