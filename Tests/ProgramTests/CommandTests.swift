import Diagnostics
import DistributedRuns
import Runs
import Testing
import swift_llm_train

/// What the built program says and returns, by its arguments.
@Suite struct CommandTests {
    private func run(_ arguments: String) async throws -> DistributedRun {
        try await DistributedRun.of(
            "swift-llm-train", arguments.split(separator: " ").map(String.init), ranks: nil)
    }

    @Test(arguments: [
        (
            "pretain",
            "unknown command pretain: expected one of run, plan, find-learning-rate, corpus, "
                + "tokenizer, prepare, pretrain, finetune, evaluate, generate, chat, serve, classify, reward, "
                + "ratings, import, export, merge, inspect, dashboard, report, replay, supervise, hosts, "
                + "doctor, bench; did you mean pretrain?"
        ),
        (
            "xyzzy",
            "unknown command xyzzy: expected one of run, plan, find-learning-rate, corpus, "
                + "tokenizer, prepare, pretrain, finetune, evaluate, generate, chat, serve, classify, reward, "
                + "ratings, import, export, merge, inspect, dashboard, report, replay, supervise, hosts, "
                + "doctor, bench; see --help"
        ),
        (
            "tokenizer trian",
            "unknown command trian: expected one of train, encode, decode, report; "
                + "did you mean train?"
        ),
        (
            "help tokenizer trian",
            "unknown command trian: expected one of train, encode, decode, report; "
                + "did you mean train?"
        ),
        ("inspect", "Missing expected argument '<path>'; see --help"),
        ("inspect a b", "Unexpected argument 'b'; see --help"),
        ("--foo", "unknown option --foo; see --help"),
        (
            "tokenizer train --kind byte --input a --output b",
            "The value 'byte' is invalid for '--kind <kind>'. Please provide one of 'bpe', "
                + "'unigram' or 'character'; see --help"
        ),
        (
            "tokenizer train --vocabulary-size 10 --input a --output b",
            "--vocabulary-size: expected an integer of at least 257, got 10; see --help"
        ),
        (
            "prepare --input a --tokenizer t --output o --validation-fraction 1",
            "--validation-fraction: expected a number from 0 to below 1, got 1.0; see --help"
        ),
        (
            "generate --model m --prompt p --top-p 1.5",
            "--top-p: expected a number above 0, at most 1, got 1.5; see --help"
        ),
        (
            "generate --model m --prompt p --temperature -1",
            "--temperature: expected a number of at least 0, got -1.0; see --help"
        ),
        (
            "generate --model m --prompt p --top-k -5",
            "--top-k: expected an integer of at least 1, got -5; see --help"
        ),
        (
            "supervise --hostfile h --restarts -1 a.yaml",
            "--restarts: expected an integer of at least 0, got -1; see --help"
        ),
        (
            "evaluate --model m --data d --sequence-length 0",
            "--sequence-length: expected an integer of at least 1, got 0; "
                + "leave it out for the model's context length"
        ),
        (
            "evaluate --model m --data d --cache q8",
            "--cache rounds keys and values, and figures are those of the exact model: expected f32, "
                + "got q8; leave it out; generate, chat and serve have it"
        ),
        (
            "find-learning-rate a.yaml --steps 9",
            "--steps: expected an integer of at least 10, got 9; see --help"
        ),
        (
            "find-learning-rate a.yaml --from 0.1 --to 0.01",
            "--from and --to: expected rates above 0, the second the larger one, got 0.1 and 0.01; "
                + "see --help"
        ),
        (
            "evaluate --model m",
            "what to evaluate on: expected either --data or --tasks, got neither; see --help"
        ),
        (
            "evaluate --model m --data d --tasks a.jsonl",
            "what to evaluate on: expected either --data or --tasks, got both; see --help"
        ),
        (
            "evaluate --model m --data d --shots 2",
            "--shots: expected to stand with --tasks, got --data"
        ),
        (
            "evaluate --model m --tasks a.jsonl --memorization",
            "--memorization: expected to stand with --data, got --tasks"
        ),
        (
            "evaluate --model m --data d --prefix-tokens 5",
            "--prefix-tokens: expected to stand with --memorization, got no --memorization"
        ),
        (
            "evaluate --model m --tasks a.jsonl --limit 0",
            "--limit: expected an integer of at least 1, got 0; see --help"
        ),
        (
            "evaluate --data d",
            "evaluate needs a model: expected --model DIR, or --pairwise A B, got neither; "
                + "see --help"
        ),
        ("evaluate --pairwise a --judge j", "--pairwise: expected two models, got 1"),
        (
            "evaluate --pairwise a b --prompts p",
            "--pairwise needs a judge: expected one of --judge, --judge-command and --ratings, "
                + "got none"
        ),
        (
            "evaluate --pairwise a b --judge j --ratings r",
            "--pairwise needs a judge: expected one of --judge, --judge-command and --ratings, "
                + "got --judge and --ratings"
        ),
        (
            "evaluate --pairwise a b --judge j",
            "--pairwise needs prompts: expected --prompts FILE, got none"
        ),
        (
            "evaluate --pairwise a b --judge j --prompts p --model m",
            "--model: expected to stand without --pairwise, got --pairwise"
        ),
        (
            "evaluate --model m --data d --judge j",
            "--judge: expected to stand with --pairwise, got no --pairwise"
        ),
        (
            "ratings",
            "ratings needs files: expected ratings of the chat page, or comparisons, got none; "
                + "see --help"
        ),
        (
            "pretrain --config absent.yaml",
            "cannot read the recipe: expected a YAML file, got no such file (absent.yaml); "
                + "check the path"
        ),
        (
            "pretrain absent.yaml train.steps=5",
            "cannot read the recipe: expected a YAML file, got no such file (absent.yaml); "
                + "check the path"
        ),
        (
            "pretrain train.steps=5",
            "no recipe: expected --config RECIPE.yaml; name a recipe, such as "
                + "launch/recipes/shakespeare-char.yaml"
        ),
        (
            "run absent.yaml train.steps=5",
            "cannot read the recipe: expected a YAML file, got no such file (absent.yaml); "
                + "check the path"
        ),
    ])
    func wrongUsageExits64WithOneLine(arguments: String, line: String) async throws {
        let run = try await run(arguments)
        #expect(run.errors == "swift-llm-train: " + line + "\n")
        #expect(run.output.isEmpty)
        #expect(run.exitCode == 64)
    }

    @Test(arguments: [
        "", "run", "corpus", "corpus clean", "corpus deduplicate", "corpus report",
        "tokenizer", "tokenizer train", "tokenizer encode", "tokenizer decode",
        "tokenizer report",
        "prepare", "pretrain", "evaluate", "generate", "chat", "serve", "classify", "reward",
        "reward score", "ratings", "import", "export", "merge", "finetune", "inspect", "dashboard",
        "report",
        "replay", "supervise", "hosts", "doctor", "bench", "plan", "find-learning-rate",
    ])
    func helpShowsExamplesThatFitATerminal(command: String) async throws {
        let run = try await run(command + " --help")
        #expect(run.exitCode == 0)
        #expect(run.errors.isEmpty)
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        let examples = lines.drop { $0 != "Examples:" }.dropFirst().prefix { !$0.isEmpty }
        #expect(examples.count { $0.contains("swift-llm-train") } >= 2)
        // ArgumentParser breaks longer lines without a backslash: they could not be pasted.
        #expect(examples.allSatisfy { $0.hasPrefix("  ") })
    }

    @Test(arguments: [
        ("trian", "pretrain"), ("train", "pretrain"), ("tune", "finetune"),
        ("fine-tune", "finetune"), ("finetunning", "finetune"), ("eval", "evaluate"),
        ("evalute", "evaluate"), ("sample", "generate"), ("gen", "generate"),
        ("tokenise", "tokenizer"), ("tokenize", "tokenizer"), ("insepct", "inspect"),
        ("expotr", "export"), ("Pretrain", "pretrain"), ("xyzzy", nil), ("x", nil),
        ("serv", "serve"),
        ("corpu", "corpus"),
    ])
    func aWordForACommandSuggestsIt(word: String, command: String?) {
        let failure = #expect(throws: Failure.self) { _ = try SwiftLLMTrain.parsed([word]) }
        #expect(failure?.remedy == (command.map { "did you mean \($0)?" } ?? "see --help"))
    }

    @Test func versionNamesTheProgramAndItsLibraries() async throws {
        let run = try await run("--version")
        #expect(run.exitCode == 0)
        let line =
            /swift-llm-train \d+\.\d+\.\d+ \(OpenBLAS [\d.]+, Open MPI [\d.]+, HDF5 [\d.]+\)\n/
        #expect(run.output.wholeMatch(of: line) != nil, "\(run.output)")
    }

    @Test func firstWordOfRunIsARecipeUnlessItIsAnOverride() {
        #expect(Recipe.Entry.isOverride("train.steps=5"))
        #expect(Recipe.Entry.isOverride("name=a.yaml"))
        #expect(!Recipe.Entry.isOverride("recipe.yaml"))
        #expect(!Recipe.Entry.isOverride("runs/a=b.yaml"))
    }

    @Test func failuresThatAreNotOfUsageExit1OnOneLine() {
        let report = ExitReport(Failure("the disk is full", at: "a\nb"))
        #expect(report.exitCode == 1)
        #expect(report.text == "swift-llm-train: the disk is full (a b)")
    }
}
