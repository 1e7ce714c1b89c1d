import Diagnostics
import Foundation
import Models
import Options
import Runs
import Testing

/// What is wrong with a recipe as a whole.
@Suite struct RecipeCheckTests {
    private func error(_ body: () throws -> Recipe) -> String? {
        let failure = #expect(throws: Failure.self) { _ = try body() }
        #expect(failure?.exitCode == 64)
        return failure?.line
    }

    private func error(overrides: [String], phases: [Recipe.Phase]? = nil) -> String? {
        let file = RecipeFile(name: "a.yaml", text: RecipeErrorTests.valid)
        return error { try Recipe.load(file, overrides: overrides, phases: phases) }
    }

    @Test(arguments: [
        ("", "name is missing (a.yaml); add a line such as name: my-run"),
        ("# nothing\n", "name is missing (a.yaml); add a line such as name: my-run"),
        (
            "name: a\nname: b\n",
            "the key name stands twice in one block (a.yaml:1); keep one of them"
        ),
        (
            "name: a\ntrain:\n  steps: 1\n  lanes: 1\n  steps: 2\n",
            "the key steps stands twice in one block (a.yaml:3); keep one of them"
        ),
        (
            "train:\n  steps: 1\ntrain:\n",
            "the key train stands twice in one block (a.yaml:1); keep one of them"
        ),
        (
            "name: a\ntrain: 5\n",
            "train: expected keys with values, got 5 (a.yaml:2); "
                + "write `key: value` lines, indented inside a block"
        ),
        (
            "- a\n",
            "the recipe: expected keys with values, got [a] (a.yaml:1); "
                + "write `key: value` lines, indented inside a block"
        ),
    ])
    func wrongShapeIsNamed(text: String, line: String) {
        #expect(error { try Recipe.load(RecipeFile(name: "a.yaml", text: text)) } == line)
    }

    @Test(arguments: [
        ("name: a\nseed: [1\n", 3), ("name: a\n\tseed: 1\n", 2), ("name: \"a\n", 2),
        ("name: a\n  seed: 1\n", 2), ("name: *a\n", 1),
    ])
    func wrongSyntaxNamesItsLine(text: String, line: Int) {
        let error = error { try Recipe.load(RecipeFile(name: "a.yaml", text: text)) }
        #expect(error?.hasPrefix("wrong YAML syntax: ") == true)
        #expect(
            error?.hasSuffix(
                " (a.yaml:\(line)); correct it, or quote text that holds special characters")
                == true)
    }

    /// The place is the override where the error names its key, else the file.
    @Test(arguments: [
        (
            "train.steps=null",
            "train.steps is missing: expected one of train.steps, train.tokens and "
                + "train.epochs, got none (OVERRIDE); add train.steps=N"
        ),
        (
            "train.epochs=2 train.steps=5",
            "the length of the run is given twice: expected one of train.steps, train.tokens and "
                + "train.epochs, got steps 5 and epochs 2.0 (a.yaml); "
                + "keep one: train.steps=null or train.epochs=null"
        ),
        (
            "train.lanes=5",
            "train.lanes does not divide train.global_batch_size: expected a divisor of 32, "
                + "got 5 (OVERRIDE); use 4 or 8"
        ),
        (
            "train.lanes=64",
            "train.lanes does not divide train.global_batch_size: expected a divisor of 32, "
                + "got 64 (OVERRIDE); use 32"
        ),
        (
            "train.sequence_length=65",
            "train.sequence_length is larger than model.context_length: expected at most 64, "
                + "got 65 (OVERRIDE); lower the one or raise the other"
        ),
        (
            "optimizer.warmup_steps=101",
            "optimizer.warmup_steps is larger than train.steps: expected at most 100, got 101 "
                + "(OVERRIDE); lower the one or raise the other"
        ),
        (
            "optimizer.minimum_learning_rate=1",
            "optimizer.minimum_learning_rate: expected at most optimizer.learning_rate 0.0006, "
                + "got 1.0 (OVERRIDE); lower the minimum or raise the peak"
        ),
        (
            "model.head_count=5",
            "model.head_count does not divide model.embedding_size: expected a divisor of 48, "
                + "got 5 (OVERRIDE); use 1, 2, 3, 4, 6, 8, 12, 16, 24 or 48"
        ),
        (
            "model.preset=null",
            "model.embedding_size is missing (a.yaml); set it, or set model.preset to one of "
                + ModelPreset.choices.joined(separator: ", ")
        ),
        (
            "init.from=there model.preset=gpt2-nano",
            "model.preset and init.from are both given: expected the sizes of the model in "
                + "init.from, got gpt2-nano (the override model.preset=gpt2-nano); "
                + "leave out model.preset or init.from"
        ),
        (
            "init.from=there model.rope_theta=5",
            "model.rope_theta and init.from are both given: expected the sizes of the model in "
                + "init.from, got 5.0 (the override model.rope_theta=5); "
                + "leave out model.rope_theta or init.from"
        ),
        (
            "data.train=null",
            "data.train is missing: expected a value for the phase pretrain (OVERRIDE); "
                + "set it in the recipe or add data.train=..."
        ),
        (
            "name=a/b",
            "name: expected the name of a directory inside runs, got \"a/b\" (OVERRIDE); "
                + "use output for a path"
        ),
        (
            "phases=[pretrain, prepare]",
            "phases: expected each once, in the order prepare, pretrain, finetune, "
                + "merge, export; evaluate and generate anywhere, got [pretrain, prepare] (OVERRIDE); put them in this order"
        ),
    ])
    func contradictionIsNamed(override: String, line: String) {
        let isList = override.contains("[")
        let overrides = isList ? [override] : override.split(separator: " ").map(String.init)
        #expect(
            error(overrides: overrides)
                == line.replacing("OVERRIDE", with: "the override \(override)"))
    }

    @Test(arguments: [
        (Recipe.Phase.prepare, "prepare.input"),
        (.evaluate, "data.validation"), (.generate, "generate.prompt"),
    ])
    func whatAPhaseNeedsIsAskedFor(phase: Recipe.Phase, key: String) {
        #expect(
            error(overrides: [], phases: [phase])
                == "\(key) is missing: expected a value for the phase \(phase.rawValue) (a.yaml); "
                + "set it in the recipe or add \(key)=...")
    }

    @Test func recipeThatIsNotUTF8IsRefused() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("recipe-\(UUID()).yaml").path
        try Data([0x6e, 0xff, 0xfe]).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(
            error { try Recipe.load(path: path) }
                == "cannot read the recipe: expected UTF-8 text, got other bytes (\(path)); "
                + "save the file as UTF-8")
    }
}
