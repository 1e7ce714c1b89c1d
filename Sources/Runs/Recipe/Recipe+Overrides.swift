import FineTuning
import Options
import Training

extension Recipe {
    /// Sets the keys of overrides. A key that means the same thing in another way, or contradicts
    /// them, gives way, unless it is among them itself.
    ///
    /// - Returns: One line for each override to which something gave way.
    /// - Throws: A usage `Failure` for a key that is unknown, or a value that is wrong.
    package mutating func override(with entries: [Entry]) throws -> [String] {
        let before = self
        let overridden = Set(entries.map(\.path))
        for entry in entries { try set(entry) }
        let notes = Self.keys.filter { overridden.contains($0.path) }.compactMap { key in
            replaceRivals(of: key, before, overridden)
        }
        noteReplacedLength(before, overridden)
        return notes + concedeRates(before, overridden) + concedeLanes(before, overridden)
            + concedeTuning(before, overridden)
    }

    /// The recipe of one of several adapters.
    ///
    /// - Parameter text: Overrides, with spaces between them.
    /// - Throws: A usage `Failure` as above.
    package func variant(
        _ text: String
    ) throws -> (recipe: Recipe, entries: [Entry], notes: [String]) {
        var own = self
        own.finetune.variants = []
        let entries = try text.split(separator: " ").map { try Entry(override: String($0)) }
        let notes = try own.override(with: entries)
        return (own, entries, notes)
    }

    /// Sets the keys that an override replaces to their defaults.
    private mutating func replaceRivals(
        of key: RecipeKey, _ before: Recipe, _ overridden: Set<String>
    ) -> String? {
        let (value, standard) = (key.read(self), Recipe())
        guard !value.isOff else { return nil }
        let rivals = key.role.rivals.filter {
            !overridden.contains($0.key) && $0.values?.contains(value.description) != false
        }
        let gone = Self.keys.filter { other in
            rivals.contains { $0.key == other.path } && other.read(before) != other.read(standard)
        }
        for other in gone { other.reset(in: &self) }
        guard !gone.isEmpty else { return nil }
        let names = gone.map { "\($0.path) \($0.read(before))" }.joined(separator: ", ")
        return "\(key.path)=\(value) replaces \(names) of the recipe"
    }

    /// A warm-up that was meant for another length is fitted to the new one when that is known in steps.
    private mutating func noteReplacedLength(_ before: Recipe, _ overridden: Set<String>) {
        for (block, train, optimizer) in Self.trainings
        where ["steps", "tokens", "epochs"].contains(where: {
            overridden.contains("\(block)train.\($0)")
        })
            && !overridden.contains("\(block)optimizer.warmup_steps")
        {
            let length = before[keyPath: train].length
            guard before[keyPath: optimizer].warmupSteps > 0, length != RunLength() else {
                continue
            }
            self[keyPath: train].replacedLength = length
        }
    }

    /// The blocks of pretraining and of fine-tuning: the text before their names, and their places.
    private static var trainings:
        [(String, WritableKeyPath<Recipe, TrainOptions>, WritableKeyPath<Recipe, OptimizerOptions>)]
    {
        [("", \.train, \.optimizer), ("finetune.", \.finetune.train, \.finetune.optimizer)]
    }

    /// A minimum above an overridden peak falls with it.
    private mutating func concedeRates(_ before: Recipe, _ overridden: Set<String>) -> [String] {
        Self.trainings.compactMap { block, _, optimizer in
            let (rate, minimum) = (
                "\(block)optimizer.learning_rate", "\(block)optimizer.minimum_learning_rate"
            )
            let (old, new) = (before[keyPath: optimizer], self[keyPath: optimizer])
            guard overridden.contains(rate), !overridden.contains(minimum),
                new.minimumLearningRate > new.learningRate,
                old.minimumLearningRate <= old.learningRate
            else { return nil }
            let fitting = new.learningRate * (old.minimumLearningRate / old.learningRate)
            self[keyPath: optimizer].minimumLearningRate = fitting
            return "\(rate)=\(new.learningRate) lowers \(minimum) from \(old.minimumLearningRate) "
                + "to \(fitting), in proportion"
        }
    }

    /// Lanes that do not divide an overridden batch become the next lower number that does.
    private mutating func concedeLanes(_ before: Recipe, _ overridden: Set<String>) -> [String] {
        Self.trainings.compactMap { block, train, _ in
            let (batch, lanes) = ("\(block)train.global_batch_size", "\(block)train.lanes")
            let size = self[keyPath: train].globalBatchSize
            guard overridden.contains(batch), !overridden.contains(lanes),
                let count = before[keyPath: train].lanes, !size.isMultiple(of: count),
                let fitting = Divisors(of: size).ascending.last(where: { $0 < count })
            else { return nil }
            self[keyPath: train].lanes = fitting
            return "\(batch)=\(size) lowers \(lanes) from \(count) to \(fitting), which divides it"
        }
    }

    /// A task without classes has no head to train; weights that are not adapters are not merged.
    private mutating func concedeTuning(_ before: Recipe, _ overridden: Set<String>) -> [String] {
        var notes: [String] = []
        if overridden.contains("finetune.task"), !overridden.contains("finetune.trained"),
            !finetune.task.hasHead, before.finetune.trained == .head
        {
            finetune.trained = FineTuneOptions().trained
            notes.append(
                "finetune.task=\(finetune.task.rawValue) replaces finetune.trained head of the recipe by "
                    + "\(finetune.trained.rawValue)")
        }
        if overridden.contains("finetune.trained"), !overridden.contains("phases"),
            finetune.trained != .lora, phases.contains(.merge)
        {
            phases.removeAll { $0 == .merge }
            notes.append(
                "finetune.trained=\(finetune.trained.rawValue) makes no adapter: the phase merge is left out"
            )
        }
        return notes
    }

    /// A sequence that is longer than an overridden context is cut.
    mutating func concedeLength(to overridden: Set<String>) -> [String] {
        let keys = ["model.context_length", "model.preset"].filter(overridden.contains)
        guard let key = keys.first, !overridden.contains("train.sequence_length"),
            let context = model.contextLength, let length = train.sequenceLength, length > context
        else { return [] }
        train.sequenceLength = context
        return ["\(key) lowers train.sequence_length from \(length) to \(context)"]
    }

    /// Takes away what needs validation data where an override took those away: there is no best
    /// checkpoint then, and nothing to evaluate on.
    mutating func concedeValidation(to overridden: Set<String>) -> [String] {
        func concede(_ sources: [String], _ block: String) -> [String] {
            guard let source = sources.first(where: overridden.contains) else { return [] }
            return Self.keys.filter {
                ["\(block)checkpoint.keep_best", "\(block)evaluate.patience"].contains($0.path)
                    && !overridden.contains($0.path) && !$0.read(self).isOff
            }.map { key in
                key.reset(in: &self)
                return "\(source) leaves no validation data: \(key.path) is left out"
            }
        }
        var notes: [String] = []
        if data.validation == nil {
            let sources = ["data.validation", "prepare.validation_fraction"]
            notes += concede(sources, "")
            notes += concedeEvaluation(to: sources.filter(overridden.contains), overridden)
        }
        if finetune.validation.isEmpty && finetune.validationFraction == 0 {
            notes += concede(["finetune.validation_fraction", "finetune.validation"], "finetune.")
        }
        return notes
    }
}

extension Recipe {
    private mutating func concedeEvaluation(
        to sources: [String], _ overridden: Set<String>
    ) -> [String] {
        guard let source = sources.first, phases.contains(.evaluate),
            !phases.contains(.finetune), !overridden.contains("phases")
        else { return [] }
        phases.removeAll { $0 == .evaluate }
        return ["\(source) leaves no validation data: the phase evaluate is left out"]
    }
}

extension RecipeKey {
    /// Sets the key to its default.
    fileprivate func reset(in recipe: inout Recipe) {
        let isReset = write(&recipe, read(Recipe()))
        precondition(isReset, "\(path): expected a default that is valid")
    }
}
