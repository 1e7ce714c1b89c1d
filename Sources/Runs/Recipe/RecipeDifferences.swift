import Collectives
import Diagnostics

/// What stands otherwise in a recipe than in that of the run which it is to resume.
package struct RecipeDifferences: Equatable, Sendable {
    /// Changes that would make another run: "train.lanes was 4, is 2".
    package var refused: [String] { refusals.map(\.description) }
    /// Changes that are allowed but move the schedule.
    package private(set) var warnings: [String] = []
    private var refusals: [FailureText] = []

    /// - Parameters:
    ///   - recipe: The recipe given now; a key of `Recipe.openKeys` that it leaves open is equal.
    ///   - stored: The recipe of the run.
    package init(of recipe: Recipe, from stored: Recipe) {
        let recipe = recipe.takingOpenKeys(from: stored)
        for key in Recipe.keys {
            let (was, now) = (key.read(stored), key.read(recipe))
            guard was != now else { continue }
            if Self.decidesTheWeights(key) {
                refusals.append("\(key: key.path) was \(was), is \(now)")
            } else if Self.lengthKeys.contains(key.path) {
                warnings.append(
                    "\(key.path) was \(was), is \(now): the learning-rate schedule moves")
            }
        }
    }

    /// Throws one usage `Failure` that lists all refused changes.
    package func check() throws {
        guard !refusals.isEmpty else { return }
        throw Failure(
            "the recipe is not that of the run to resume: " + refusals.joined(separator: "; "),
            remedy: "take these changes back, or start a new run with another output",
            kind: .usage)
    }

    private static let lengthKeys = ["train.steps", "train.tokens", "train.epochs"]

    /// The keys of `train` on which the weights depend; its others may change. Lanes may too, to let
    /// a run grow: the start tells from which step on the sums are others.
    private static let decidingTrainKeys = [
        "train.global_batch_size", "train.micro_batch_size", "train.sequence_length",
        "train.precision", "train.gradient_dtype", "train.freeze",
    ]

    /// The preset is left out: it only names sizes, which are compared themselves.
    private static func decidesTheWeights(_ key: RecipeKey) -> Bool {
        switch key.block {
        case nil: key.key == "seed"
        case "data", "init", "optimizer", "lora": true
        case "finetune": key.key != "output"
        case "model": key.key != "preset"
        case "train": decidingTrainKeys.contains(key.path)
        default: false
        }
    }
}

extension Recipe {
    /// Keys that a run settles at its start where the recipe leaves them open: from the shards,
    /// their tokenizer, the model of `init.from`, or the world size.
    package static let openKeys = [
        "data.tokenizer", "model.vocabulary_size", "train.sequence_length", "train.lanes",
    ]

    /// The recipe with its open keys as the stored one settled them.
    package func takingOpenKeys(from stored: Recipe) -> Recipe {
        var recipe = self
        for key in Self.keys where Self.openKeys.contains(key.path) && key.read(self).isNull {
            let isTaken = key.write(&recipe, key.read(stored))
            precondition(isTaken, "\(key.path): expected a stored recipe that is valid")
        }
        return recipe
    }
}

extension Recipe {
    /// Every key, as the ranks must have it alike.
    var rankInputs: RankInputs {
        RankInputs(Self.keys.map { RankInputs.Item($0.path, "\($0.read(self))") })
    }
}
