import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// `chat`, and the templates that models keep.
    @Suite struct ChatTests {
        /// Of letters that the corpus has; the model sees 16 of them.
        private static let template =
            #"{"name": "letters", "user_begin": "Q", "assistant_begin": "D", "answer_end": "END"}"#

        /// A model that was hardly trained, as `run/checkpoints/latest`, and with a template as `m`.
        private func workspace(template: String = template) async throws -> Workspace {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=10")
            try workspace.write(
                template.replacing("END", with: "éééé"), to: "letters.json")
            try await workspace.succeed(
                "import --model run/checkpoints/latest --template letters.json --output m")
            return workspace
        }

        private static let chat = "chat --model m --seed 3 --maximum-tokens 5"

        @Test func answersArePrintedAndTheConversationIsSaved() async throws {
            let workspace = try await workspace()
            let input = "king\n/what\n/save a.json\n/reset\nlove ß\nlove\n/save b.json\n/exit\nno\n"
            let run = try await workspace.succeed(Self.chat, input: input)
            let answers = run.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(answers.count == 3)
            #expect(answers.dropLast().allSatisfy { (1...5).contains($0.count) })
            for note in [
                "unknown command /what; /help lists them", "saved a.json", "a new conversation",
                "cannot encode a character: ", "the answer was cut after 5 tokens",
            ] {
                #expect(run.errors.contains(note), "\(run.errors)")
            }
            for (file, question, answer) in [("a", "king", answers[0]), ("b", "love", answers[1])] {
                let json = try JSONValue(
                    parsing: Array(workspace.bytes("\(file).json")), at: file)
                let messages = try #require(json["messages"]?.array)
                #expect(messages.compactMap { $0["role"]?.string } == ["user", "assistant"])
                #expect(messages[0]["content"]?.string == question)
                let kept = try #require(messages[1]["content"]?.string)
                #expect(answer.hasPrefix(kept))
            }
            // The same words through generate.
            let generated = try await workspace.succeed(
                "generate --model m --chat --prompt king --seed 3 --maximum-tokens 5")
            #expect(generated.output.drop(while: \.isWhitespace) == answers[0] + "\n")
        }

        /// The answer would go on for thousands of tokens.
        @Test func ctrlCEndsTheAnswerAndNotTheProgram() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5 model.context_length=16384")
            let words =
                [
                    "> $=the king\\n", "king\\s+.*[a-z]=^C", "> $=^C", "> $=love\\n",
                    "love\\s+.*[a-z]=^C",
                ]
                + ["> $=/exit\\n", "--", DistributedRun.executable("swift-llm-train")]
                + "chat --model run/checkpoints/latest --template l.json --maximum-tokens 9000"
                .split(separator: " ").map(String.init)
            try workspace.write(Self.template.replacing("END", with: "éééé"), to: "l.json")
            let run = try await DistributedRun.of(
                command: ["\(StopTests.checkout)/Tests/Scripts/type-into"] + words,
                seconds: 90, folder: workspace.path)
            #expect(run.output.hasSuffix("exit code 0, 0 steps left\n"), "\(run.output)")
            let interruptedCount = run.output.split(separator: "the answer was interrupted\n").count
            #expect(interruptedCount == 3, "\(run.output)")
            #expect(run.output.contains("/exit, Ctrl-D or Ctrl-C again ends\n"))
        }

        @Test func aLongConversationLosesItsOldestTurns() async throws {
            let workspace = try await workspace()
            let run = try await workspace.succeed(
                Self.chat, input: "king\nlove\nnight\nthe sweet king shall\n")
            #expect(
                run.errors.contains(
                    "the context of 16 tokens is full: the model no longer sees the first turn\n"))
            #expect(run.errors.contains("sees the first 3 turns\n"))
            #expect(
                run.errors.contains("the message is too long: the model sees its last 11 tokens"))
        }

        @Test func anAnswerStopsAtTheEndOfTheTemplate() async throws {
            let workspace = try await workspace()
            let long = "generate --model m --chat --prompt king --seed 3 --maximum-tokens 9"
            let text = try await workspace.succeed(long).output
            let characters = Array(text.dropLast())
            try #require(characters.count == 9)
            // The template ends where the model writes its fourth and fifth character.
            let end = String(characters[3...4])
            try workspace.write(
                Self.template.replacing("END", with: end), to: "letters.json")
            let stopped = try await workspace.succeed(long + " --template letters.json").output
            let before = try #require(text.ranges(of: end).first).lowerBound
            #expect(stopped == text[..<before] + "\n")
            let chat = try await workspace.succeed(
                Self.chat + " --template letters.json", input: "king\n")
            #expect(chat.output == stopped.drop(while: \.isWhitespace))
            #expect(!chat.errors.contains("cut after"))
        }

        @Test func theTemplateStaysWithTheModel() async throws {
            let workspace = try await workspace()
            let report = try await workspace.succeed("inspect m").output
            #expect(report.contains("chat template    letters: talk to it with chat\n"))
            try await workspace.succeed("export --model m --output hf")
            for name in ["m", "hf"] {
                let bytes = Array(try workspace.bytes("\(name)/tokenizer_config.json"))
                let json = try JSONValue(parsing: bytes, at: name)
                #expect(json["chat_template"]?.string?.contains("\"éééé\"") == true)
                #expect(json["chat_template_pieces"]?["name"] == "letters")
            }
            let plain = try await workspace.succeed("generate --model m --prompt king")
            #expect(
                plain.errors.contains("the model has a chat template, letters: --chat uses it"))
        }

        @Test func aModelWithoutATemplateIsRefusedWithARemedy() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.stop_after_steps=1")
            for command in ["chat", "generate --chat --prompt a"] {
                let run = try await workspace.run("\(command) --model run/checkpoints/latest")
                #expect(run.exitCode == 64)
                #expect(run.messages.count == 1)
                #expect(run.errors.contains("the model has no chat template"))
                #expect(run.errors.contains("--template"))
            }
            let unknown = try await workspace.run(
                "chat --model run/checkpoints/latest --template alpacca")
            #expect(unknown.exitCode == 64)
            #expect(unknown.errors.contains("expected alpaca, chatml, llama2"))
        }
    }
}
