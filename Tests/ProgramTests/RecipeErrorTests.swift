import Diagnostics
import Runs
import Testing

/// The text of each error, as the user reads it after `swift-llm-train:`.
@Suite struct RecipeErrorTests {
    static let valid = """
        name: small
        data:
          train: shards
        model:
          preset: gpt2-nano
        train:
          steps: 100

        """

    /// The error of the valid recipe with more text and overrides.
    private func error(adding text: String = "", overrides: [String] = []) -> String? {
        let file = RecipeFile(name: "a.yaml", text: Self.valid + text)
        return error { try Recipe.load(file, overrides: overrides) }
    }

    private func error(of text: String) -> String? {
        error { try Recipe.load(RecipeFile(name: "a.yaml", text: text)) }
    }

    private func error(_ body: () throws -> Recipe) -> String? {
        let failure = #expect(throws: Failure.self) { _ = try body() }
        #expect(failure?.exitCode == 64)
        return failure?.line
    }

    @Test(arguments: [
        ("  stepz: 5\n", "unknown key train.stepz (a.yaml:8); did you mean train.steps?"),
        (
            "  learning_rate: 5\n",
            "unknown key train.learning_rate (a.yaml:8); did you mean optimizer.learning_rate?"
        ),
        ("sed: 5\n", "unknown key sed (a.yaml:8); did you mean seed?"),
        ("optimiser:\n  beta1: 0.9\n", "unknown key optimiser (a.yaml:8); did you mean optimizer?"),
    ])
    func unknownKeyNamesItsPlaceAndTheNearestKey(text: String, line: String) {
        #expect(error(adding: text) == line)
    }

    @Test func blocksOfLaterWorkAreUnknown() {
        for block in ["align", "serve", "distill"] {
            #expect(
                error(adding: "\(block):\n  rank: 8\n")?.hasPrefix(
                    "unknown key \(block) (a.yaml:8)") == true)
        }
    }

    @Test(arguments: [
        ("  lanes: ten\n", #"train.lanes: expected an integer of at least 1, got "ten""#),
        ("  lanes: 1.5\n", "train.lanes: expected an integer of at least 1, got 1.5"),
        ("  lanes: \"1\"\n", #"train.lanes: expected an integer of at least 1, got "1""#),
        ("  lanes: 0\n", "train.lanes: expected an integer of at least 1, got 0"),
        ("  lanes: [1, 2]\n", "train.lanes: expected an integer of at least 1, got [1, 2]"),
        ("  lanes: 1e3\n", "train.lanes: expected an integer of at least 1, got 1e3"),
        (
            "  lanes: 9223372036854775808\n",
            "train.lanes: expected an integer of at least 1, got 9223372036854775808"
        ),
        ("  epochs: 0\n", "train.epochs: expected a number above 0, got 0"),
        ("  epochs: nan\n", #"train.epochs: expected a number above 0, got "nan""#),
        ("  epochs: 0x10\n", "train.epochs: expected a number above 0, got \"0x10\""),
        (
            "  watchdog_seconds:\n",
            "train.watchdog_seconds: expected an integer of at least 0, got nothing"
        ),
        (
            "  lanes:\n    a: 1\n",
            "train.lanes: expected a value or a list of values, got nested values"
        ),
    ])
    func wrongValueNamesExpectedAndGot(text: String, line: String) {
        #expect(error(adding: text)?.hasPrefix(line + " (a.yaml:8)") == true)
    }

    @Test(arguments: [
        (
            "data.shuffle=yes",
            #"data.shuffle: expected true, false or blocks, got "yes" (the override data.shuffle=yes)"#
        ),
        (
            "optimizer.schedule=cosin",
            "optimizer.schedule: expected one of cosine, linear, constant, wsd, got \"cosin\" "
                + "(the override optimizer.schedule=cosin); did you mean cosine?"
        ),
        (
            "model.dropout_rate=1",
            "model.dropout_rate: expected a number from 0 to below 1, got 1 "
                + "(the override model.dropout_rate=1)"
        ),
        (
            "train.stepz=1",
            "unknown key train.stepz (the override train.stepz=1); did you mean train.steps?"
        ),
        (
            "train.steps",
            "malformed override: expected key=value, as in train.steps=100, got \"train.steps\"; "
                + "name the key with its block and give it a value"
        ),
        (
            "=5",
            "malformed override: expected key=value, as in train.steps=100, got \"=5\"; "
                + "name the key with its block and give it a value"
        ),
        (
            "prepare.input=[a",
            "wrong YAML syntax: while parsing a flow sequence, did not find expected ',' or ']' "
                + "(the override prepare.input=[a); "
                + "correct it, or quote text that holds special characters"
        ),
        (
            "prepare.input=",
            "prepare.input: expected text or a list of it, got nothing "
                + "(the override prepare.input=)"
        ),
        (
            "train={steps: 5}",
            "train: expected a value or a list of values, got nested values "
                + "(the override train={steps: 5}); "
                + "override the keys one by one, as in train.steps=100"
        ),
        (
            "train=5",
            "train is a block of keys (the override train=5); "
                + "name one of its keys, as in train.global_batch_size"
        ),
    ])
    func wrongOverrideIsNamed(override: String, line: String) {
        #expect(error(overrides: [override]) == line)
    }
}
