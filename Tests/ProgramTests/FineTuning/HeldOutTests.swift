import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// What is lost or doubtful in examples is told of each set of them.
    @Suite struct HeldOutTests {
        /// The context is 16 tokens; the answer of the second conversation is longer.
        @Test func heldOutAnswersThatLoseTheirEndAreCounted() async throws {
            let workspace = try await Workspace.withBase()
            try workspace.write(
                #"{"instruction": "king", "output": "not"}"# + "\n"
                    + #"{"instruction": "my", "output": "the night of the Queen shall not come"}"#,
                to: "held.jsonl")
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=run finetune.train.steps=2 "
                    + "finetune.validation=[held.jsonl]")
            #expect(
                run.errors.contains(
                    "warning: validation: 1 conversation longer than 16 tokens: the last answer loses "
                        + "its end\n"), "\(run.errors)")
        }

        @Test func labelsAreToldAsTheyAreUnderstood() async throws {
            let workspace = try await Workspace.withBase()
            let texts = (0..<36).map { index in
                ["calm\tsweet", " calm\tsweet", "Calm\tsweet", "wild\tDeath"][index % 4]
            }
            try workspace.write(
                (texts + ["NaN\tking", "\tlord"]).joined(separator: "\n"), to: "texts.tsv")
            try workspace.write("calm\tsweet my lord of the night\nNA\tgo\n", to: "held.tsv")
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=run finetune.train.steps=2 "
                    + Workspace.classification
                    + "finetune.trained=head finetune.validation=[held.tsv] finetune.test=[held.tsv]"
            )
            for warning in [
                "texts.tsv: 2 of 38 texts have no label (empty, NaN or the like) and are left out",
                "held.tsv: 1 of 2 texts have no label (empty, NaN or the like) and are left out",
                "the labels \"Calm\", \"calm\" differ in case, punctuation or white space alone, and "
                    + "are 2 classes",
                "validation: 1 of 1 texts are longer than 16 tokens and lost their end",
                "test: 1 of 1 texts are longer than 16 tokens and lost their end",
            ] {
                #expect(run.errors.contains("warning: \(warning)\n"), "\(run.errors)")
            }
            #expect(run.output.contains("texts of the classes Calm, calm, wild;"))
        }
    }
}
