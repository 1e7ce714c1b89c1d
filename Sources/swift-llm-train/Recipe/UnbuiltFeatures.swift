import Diagnostics
import Training

/// What a recipe can name but the program cannot do yet. Whoever builds a feature deletes its
/// line.
enum UnbuiltFeatures {
    private static func named(in recipe: Recipe) -> [(isUsed: Bool, key: String, use: String)] {
        [
            (recipe.train.profileSteps > 0, "train.profile_steps", "0"),
        ]
    }

    /// Throws a usage `Failure` for the first such feature in the recipe.
    static func refuse(in recipe: Recipe) throws {
        guard let feature = named(in: recipe).first(where: \.isUsed) else { return }
        throw Failure("\(feature.key) is not built yet", remedy: "use \(feature.use)", kind: .usage)
    }
}
