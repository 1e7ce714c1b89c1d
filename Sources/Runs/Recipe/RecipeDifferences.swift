import Collectives
import Diagnostics

/// The differences of a recipe from that of the run which it is to resume.
package struct RecipeDifferences: Equatable, Sendable {
    /// Changes that would make another run: "train.lanes was 4, is 2".
    package var refused: [String] { refusals.map(\.description) }
    /// Changes that are allowed but move the schedule.
    package private(set) var warnings: [String] = []
    private var refusals: [FailureText] = []

    /// - Parameters:
    ///   - recipe: The recipe given now; a key that a run settles at its start, and that it leaves open, is equal.
    ///   - stored: The recipe of the run.
    package init(of recipe: Recipe, from stored: Recipe) {
        let recipe = recipe.takingOpenKeys(from: stored)
        for key in Recipe.keys {
            let (was, now) = (key.read(stored), key.read(recipe))
            guard was != now else { continue }
            switch key.effect {
            case .decidesWeights: refusals.append("\(key: key.path) was \(was), is \(now)")
            case .movesSchedule:
                warnings.append(
                    "\(key.path) was \(was), is \(now): the learning-rate schedule moves")
            case .changesFreely: break
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
}

extension Recipe {
    /// The recipe with its open keys as the stored one settled them.
    package func takingOpenKeys(from stored: Recipe) -> Recipe {
        var recipe = self
        for key in Self.keys where key.role.isSettledAtStart && key.read(self).isNull {
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
