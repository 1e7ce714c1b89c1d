import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import Options
import Tensors

/// The aim of a training and its data: what differs between pretraining and the kinds of
/// fine-tuning.
package protocol TrainingTask {
    /// A description of the data, for the log.
    var description: String { get }
    /// Warnings of data that are not used as they were given.
    var warnings: [String] { get }

    /// The records of the data that cannot be used and are left out.
    var skippedRecords: [SkippedRecord] { get }

    /// The files that each rank reads for itself.
    var inputs: RankInputs { get throws }

    /// The architecture and sizes of the model.
    func configuration(_ recipe: TrainingRecipe) throws -> DecoderConfiguration
    /// What is trained, and what is added to the tensors of the architecture.
    func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws -> ParameterPlan
    /// The source of batches, from a recipe that leaves nothing open.
    func source(_ recipe: TrainingRecipe) throws -> any BatchSource
    /// The validation loss, from a recipe that leaves nothing open; nil where nothing is validated.
    func validationLoss(_ recipe: TrainingRecipe) throws -> ValidationLoss?
    /// Refuses a world in which the data cannot be read.
    func checkWorld(_ recipe: TrainingRecipe) throws
    func objective(_ model: LanguageModel) -> any Objective
    /// What makes the batches with the model itself, in the place of the source; nil where they are read.
    func experience(_ recipe: TrainingRecipe, _ model: LanguageModel) -> (any Experience)?
    /// Whether the model computes each row by itself, with the bits of decoding.
    var computesByRow: Bool { get }
    /// Bytes of the weights of other models that each rank has yet to load, and keeps; 0 without any.
    func otherModelBytes(_ recipe: TrainingRecipe) throws -> Int
    /// Whether something is held out that `experience` validates on.
    var validatesExperience: Bool { get }
    func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles
    /// The task with what it has to know of other models for some steps, which count from 0, and a line about
    /// it for the log. Collective.
    func prepared(
        _ recipe: TrainingRecipe, for steps: Range<Int>, on device: () -> Device,
        over communicator: any Communicator
    ) throws -> PreparedTask
    /// The sequence of a batch that the model saw at `step`, which counts from 0.
    func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
}

extension TrainingTask {
    package var skippedRecords: [SkippedRecord] { [] }

    package func checkWorld(_ recipe: TrainingRecipe) throws {}

    package func experience(
        _ recipe: TrainingRecipe, _ model: LanguageModel
    ) -> (any Experience)? { nil }

    package var computesByRow: Bool { false }

    package func otherModelBytes(_ recipe: TrainingRecipe) throws -> Int { 0 }

    package var validatesExperience: Bool { false }

    package func prepared(
        _ recipe: TrainingRecipe, for steps: Range<Int>, on device: () -> Device,
        over communicator: any Communicator
    ) throws -> PreparedTask {
        PreparedTask(self)
    }
}

/// A task that knows all that its steps need.
package struct PreparedTask {
    package let task: any TrainingTask
    /// What the log says of it; nil for nothing.
    package let note: String?

    package init(_ task: any TrainingTask, note: String? = nil) {
        (self.task, self.note) = (task, note)
    }
}

/// A sequence of a batch, for people.
package struct ShownSequence {
    /// The place that the sequence comes from.
    package let place: String
    package let text: String

    package init(place: String, text: String) {
        (self.place, self.text) = (place, text)
    }
}

extension ParameterPlan {
    /// Makes a plan that trains all of the architecture but what `train.freeze` names.
    ///
    /// - Throws: a usage `Failure` where a pattern fits nothing, or nothing is left to train.
    package init(freezing recipe: TrainingRecipe, _ model: DecoderConfiguration) throws {
        let patterns = recipe.train.freeze.map(NamePattern.init)
        let names = model.tensorShapes.map(\.name)
        try NamePattern.require(patterns, toMatchIn: names, key: "train.freeze")
        self.init { name in !patterns.contains { $0.matches(name) } }
        guard names.contains(where: trainsBase) else {
            throw Failure(
                FailureText("\(key: "train.freeze") leaves nothing to train"),
                got: "\(recipe.train.freeze.optionValue)",
                remedy: "freeze less", kind: .usage)
        }
    }

    /// Throws a usage `Failure` where the pattern of a factor of the learning rate fits nothing, or where
    /// Muon has no matrix.
    package func check(_ optimizer: OptimizerOptions, of model: DecoderConfiguration) throws {
        let factors = try optimizer.learningRateFactors.map(LearningRateFactor.init)
        try NamePattern.require(
            factors.map(\.pattern), toMatchIn: tensorShapes(of: model).map(\.name),
            key: "optimizer.learning_rate_factors")
        guard optimizer.kind == .muon,
            HiddenMatrix.all(in: layout(of: model), of: model.linearModules).isEmpty
        else { return }
        throw Failure(
            FailureText("\(key: "optimizer.kind") muon finds no matrix of a block that is trained"),
            expected: "weights of linear layers of blocks",
            got: lora == nil ? "none" : "adapters, which are no layers of their own",
            remedy: "use optimizer.kind=adamw, or train those weights", kind: .usage)
    }
}
