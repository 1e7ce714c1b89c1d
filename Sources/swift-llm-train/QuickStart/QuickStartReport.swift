import Foundation
import Runs

/// The text of the quick start at its end.
package enum QuickStartReport {
    /// Bits per character of the stories held out from training: the model's, and those that the
    /// grammar's own probabilities give.
    package static func comparison(model: Double, source: Double) -> String {
        let excess = String(format: "%.1f %%", 100 * (model / source - 1))
        return String(
            format: "\nThe model needs %.3f bits per character of stories that it never saw; "
                + "the source has %.3f, ", model, source) + "so it is \(excess) above."
    }

    /// The place of the model and what to try with it.
    static func next(_ recipe: Recipe) throws -> String {
        let program = CommandLine.arguments.first ?? "swift-llm-train"
        let model = try recipe.latestCheckpoint
        return """

            The report of the run is \(recipe.output)/\(RunReporter.fileName): open it in a browser.
            The model directory is \(model); its stories are in \(recipe.prepare.input[0]).
            Try next:
              \(program) generate --model \(model) --prompt "Long ago a brave girl"
              \(program) evaluate --model \(model) --data \(recipe.output)/shards
              \(program) inspect \(model)
              \(program) run train.steps=3000
            """
    }
}
