import ArgumentParser
import Collectives
import Diagnostics
import Foundation
import Testing
import swift_llm_train

/// Help, completions, and the answers to mistyped options.
@Suite struct HelpTests {
    /// The failure with which the arguments are refused; nil where they are not.
    private func refusal(_ arguments: String) -> String? {
        do {
            _ = try SwiftLLMTrain.parsed(arguments.split(separator: " ").map(String.init))
            return nil
        } catch let failure as Failure {
            #expect(failure.exitCode == 64)
            return failure.line
        } catch {
            return "not a Failure: \(error)"
        }
    }

    @Test(arguments: [
        // ArgumentParser alone would say of these that --model or --config is missing.
        ("generate --modle m --prompt p", "unknown option --modle; did you mean --model?"),
        ("pretrain --cofnig a.yaml", "unknown option --cofnig; did you mean --config?"),
        ("pretrain --config a.yaml --resum", "unknown option --resum; did you mean --resume?"),
        (
            "prepare --tokeniser=t --input a",
            "unknown option --tokeniser; did you mean --tokenizer?"
        ),
        ("tokenizer train --vocab 300", "unknown option --vocab; did you mean --vocabulary-size?"),
        ("generate --top_k 5", "unknown option --top_k; did you mean --top-k?"),
        ("inspect -verify a", "unknown option -verify; did you mean --verify?"),
        ("doctor --jsn", "unknown option --jsn; did you mean --json?"),
        ("--foo", "unknown option --foo; see --help"),
        (
            "run a.yaml --train.steps=5",
            "unknown option --train.steps; keys of the recipe are written without dashes, "
                + "as in train.steps=5"
        ),
        (
            "run a.yaml --seed",
            "unknown option --seed; keys of the recipe are written without dashes, as in seed=VALUE"
        ),
        (
            "generate --model m --prompt -hello",
            "unknown option -hello; if it is the value of --prompt, write --prompt=-hello"
        ),
    ])
    func mistypedOptionIsNamedWithTheRightOne(arguments: String, line: String) {
        #expect(refusal(arguments) == line)
    }

    @Test(arguments: [
        "generate --model m --prompt=-hello", "generate --model m --prompt p --temperature 0",
        "tokenizer encode --tokenizer=t", "pretrain --config a.yaml --resume train.steps=5",
        "run -- --odd-name.yaml", "doctor --json", "inspect a --verify",
    ])
    func rightOptionsPass(arguments: String) {
        #expect(refusal(arguments) == nil)
    }

    @Test func doctorHelpReadsAsThis() throws {
        let report = try #require(throws: (any Error).self) {
            // ArgumentParser parses a request for help into a command that throws it.
            var command = try SwiftLLMTrain.parsed(["doctor", "--help"])
            try command.run()
        }
        #expect(
            ExitReport(report, columns: 80).text == """
                OVERVIEW: Tells what this machine gives: cores, libraries, speed, limits.

                Measures for a few seconds, on all ranks at once, and says what each figure
                means for training. Under mpirun it measures the ranks' all-reduce too.
                Warnings name the remedy; the exit code stays 0.

                Examples:
                  swift-llm-train doctor
                  mpirun -n 4 swift-llm-train doctor --json

                USAGE: swift-llm-train doctor [--json]

                OPTIONS:
                  --json                  Print one JSON object, with a fixed set of keys.
                  --version               Show the version.
                  -h, --help              Show help information.

                """)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionScriptKnowsEveryCommand(shell: String) throws {
        let error = try #require(throws: (any Error).self) {
            _ = try SwiftLLMTrain.parsed(["--generate-completion-script", shell])
        }
        let report = ExitReport(error)
        #expect(report.exitCode == 0)
        for command in SwiftLLMTrain.configuration.subcommands {
            #expect(report.text.contains(command.configuration.commandName ?? "?"))
        }
        #expect(report.text.contains("verify"))
    }
}
