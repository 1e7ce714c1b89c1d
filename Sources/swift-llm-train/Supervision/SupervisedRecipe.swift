import Diagnostics
import Files
import Options
import Runs
import Training

/// The part of a recipe that a supervisor has to know: its directory, its lanes, and its progress.
struct SupervisedRecipe {
    private let path: String
    private let overrides: [String]
    /// The run directory.
    let output: String
    /// Ranks at most.
    let lanes: Int
    /// K, where all hosts live.
    let islandCount: Int

    /// Lanes are those of the recipe or of the run that is resumed, by default as many as there are
    /// slots and divide the batch: every later start, on fewer hosts too, gives the same bits.
    ///
    /// - Throws: A usage `Failure` for a wrong recipe.
    init(path: String, overrides: [String], isResuming: Bool, slotCount: Int) throws {
        let recipe = try Recipe.load(path: path, overrides: overrides)
        let stored = isResuming ? try Self.storedLanes(in: recipe.output) : nil
        let divisors = Divisors(of: recipe.train.globalBatchSize).ascending
        self.path = path
        islandCount = recipe.train.islands
        output = recipe.output
        lanes = recipe.train.lanes ?? stored ?? divisors.last { $0 <= slotCount } ?? 1
        self.overrides =
            recipe.train.lanes == nil ? overrides + ["train.lanes=\(lanes)"] : overrides
    }

    private static func storedLanes(in output: String) throws -> Int? {
        let path = output + "/recipe.yaml"
        guard try DirectoryEntries.isThere(path) else { return nil }
        return try Recipe(decoding: RecipeFile(path: path), isRelocating: false).train.lanes
    }

    /// The arguments of the program.
    ///
    /// - Parameter islandCount: of the islands that live.
    func arguments(isResuming: Bool, islandCount: Int) -> [String] {
        let islands = islandCount == self.islandCount ? [] : ["train.islands=\(islandCount)"]
        return ["run", path] + (isResuming ? ["--resume"] : []) + overrides + islands
    }

    /// The step from which a start with --resume goes on, as far as one can see without reading the
    /// checkpoints whole, which the ranks do together; 0 without one.
    var step: Int {
        let store = CheckpointStore(directory: output + "/checkpoints")
        // Where it cannot be looked up, the run itself says why.
        return ((try? store.newestStep()) ?? nil) ?? 0
    }
}
