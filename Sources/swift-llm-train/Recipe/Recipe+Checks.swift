import Diagnostics
import Training

extension Recipe {
    /// Throws a usage `Failure` where keys contradict each other, or one that a phase needs is
    /// missing.
    func validate(for phases: [Phase]) throws {
        try validateName()
        try validateOrder()
        for phase in phases { try validate(for: phase) }
    }

    private func validate(for phase: Phase) throws {
        switch phase {
        case .prepare:
            try require(prepare.input.first, "prepare.input", for: phase)
        case .pretrain:
            try validatePretraining()
        case .evaluate:
            try require(data.validation, "data.validation", for: phase)
        case .generate:
            try require(generate.prompt, "generate.prompt", for: phase)
        }
    }

    private func validatePretraining() throws {
        try require(data.train, "data.train", for: .pretrain)
        if initial.from == nil { try model.validate() } else { try refuseSizes() }
        try train.validate()
        try optimizer.validate()
        if let contextLength = model.contextLength, let sequenceLength = train.sequenceLength {
            guard sequenceLength <= contextLength else {
                throw Failure(
                    "train.sequence_length is larger than model.context_length",
                    expected: "at most \(contextLength)", got: "\(sequenceLength)",
                    remedy: "lower the one or raise the other", kind: .usage)
            }
        }
        if let steps = train.steps, optimizer.warmupSteps > steps {
            throw Failure(
                "optimizer.warmup_steps is larger than train.steps",
                expected: "at most \(steps)", got: "\(optimizer.warmupSteps)",
                remedy: "lower the one or raise the other", kind: .usage)
        }
    }

    /// With `init.from` the sizes are those of the model that it names.
    private func refuseSizes() throws {
        let sizes = [
            "preset", "layer_count", "head_count", "embedding_size", "context_length",
            "vocabulary_size",
        ].map { "model.\($0)" }
        let set = Self.keys.filter { sizes.contains($0.path) && !$0.read(self).isNull }
        guard let key = set.first else { return }
        throw Failure(
            "\(key.path) and init.from are both given",
            expected: "the sizes of the model in init.from", got: "\(key.read(self))",
            remedy: "leave out \(key.path) or init.from", kind: .usage)
    }

    private func validateName() throws {
        guard name.contains("/") || name == "." || name == ".." else { return }
        throw Failure(
            "name", expected: "the name of a directory inside runs",
            got: OptionValue.scalar(name, isPlain: false).quotedDescription,
            remedy: "use output for a path", kind: .usage)
    }

    private func validateOrder() throws {
        guard phases != Phase.allCases.filter(phases.contains) else { return }
        throw Failure(
            "phases", expected: "each once, in the order \(Phase.choices.joined(separator: ", "))",
            got: "\(phases.optionValue)", remedy: "put them in this order", kind: .usage)
    }

    private func require(_ value: String?, _ key: String, for phase: Phase) throws {
        guard value == nil else { return }
        throw Failure(
            "\(key) is missing", expected: "a value for the phase \(phase.rawValue)",
            remedy: "set it in the recipe or add \(key)=...", kind: .usage)
    }
}
