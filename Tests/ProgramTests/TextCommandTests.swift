import DistributedRuns
import Foundation
import JSON
import ModelFiles
import Testing

extension Jobs {
    /// The commands around training: tokenizer, evaluate, generate, inspect.
    @Suite struct TextCommandTests {
        @Test func charactersAreNumberedInAscendingOrder() async throws {
            let workspace = try Workspace()
            try workspace.write("banana, Ä😀\n", to: "a.txt")
            let trained = try await workspace.succeed(
                "tokenizer train --kind character --input a.txt --output a.json")
            #expect(trained.output == "wrote a.json: character, 8 tokens\n")
            let encoded = try await workspace.succeed(
                "tokenizer encode --tokenizer a.json --input a.txt")
            #expect(encoded.output == "4 3 5 3 5 3 2 1 6 7 0\n")
            let piped = try await workspace.succeed(
                "tokenizer encode --tokenizer a.json", input: "nab")
            #expect(piped.output == "5 3 4\n")
            let decoded = try await workspace.succeed(
                "tokenizer decode --tokenizer a.json", input: encoded.output)
            #expect(decoded.output == "banana, Ä😀\n")
        }

        @Test(arguments: [
            ("encode", "nox", 1, "got 'o' (U+006F)"), ("decode", "1 x", 64, "got \"x\""),
            ("decode", "1 8", 1, "expected 0..<8, got 8"),
        ])
        func whatTheTokenizerDoesNotKnowIsNamed(
            command: String, input: String, exitCode: Int, message: String
        ) async throws {
            let workspace = try Workspace()
            try workspace.write("banana, Ä😀\n", to: "a.txt")
            try await workspace.succeed(
                "tokenizer train --kind character --input a.txt --output a.json")
            let run = try await workspace.run(
                "tokenizer \(command) --tokenizer a.json", input: input)
            #expect(run.exitCode == exitCode)
            #expect(run.messages.count == 1)
            #expect(run.errors.contains(message), "\(run.errors)")
        }

        /// bits_per_byte = total nats / ln 2 / bytes; some characters here have two or three bytes.
        @Test func evaluatePrintsLossPerplexityBitsPerByteAndTokens() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.pretrain("run")
            let output = try await workspace.succeed(
                "evaluate --model run/checkpoints/latest --data shards"
            ).output
            let last = try #require(output.split(separator: "\n").last)
            let scores = try JSONValue(parsing: Array(last.utf8), at: "evaluate")
            #expect(
                scores.object?.keys.sorted() == ["bits_per_byte", "loss", "perplexity", "tokens"])
            let loss = try #require(scores["loss"]?.double)
            let validation = try #require(run.metrics("validation").last?["loss"]?.double)
            #expect(abs(loss - validation) < 1e-6)
            #expect(abs((scores["perplexity"]?.double ?? 0) - exp(loss)) < 1e-9)

            let text = String(decoding: try workspace.bytes("text.txt"), as: UTF8.self)
            let characters = Array(text.unicodeScalars)
            let held = characters.dropFirst(Int(0.9 * Double(characters.count)))
            let windows = (held.count - 1) / 16
            let scored = held.dropFirst().prefix(windows * 16)
            let byteCount = scored.reduce(0) { $0 + UTF8.width($1) }
            #expect(byteCount > scored.count)
            #expect(scores["tokens"]?.integer == scored.count)
            let bits = loss * Double(scored.count) / log(2) / Double(byteCount)
            #expect(abs((scores["bits_per_byte"]?.double ?? 0) - bits) < 1e-9)
        }

        @Test func generatedTextDependsOnTheSeedAlone() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run")
            func generate(_ flags: String) async throws -> String {
                try await workspace.succeed(
                    "generate --model run/checkpoints/latest --prompt the --maximum-tokens 60 "
                        + flags
                ).output
            }
            let greedy = try await generate("--temperature 0")
            #expect(greedy.hasPrefix("the") && greedy.hasSuffix("\n"))
            #expect(greedy.unicodeScalars.count == 3 + 60 + 1)
            #expect(try await generate("--temperature 0 --seed 5") == greedy)
            #expect(try await generate("--temperature 1.5 --top-k 1 --seed 5") == greedy)

            let sampled = try await generate("--seed 5")
            #expect(try await generate("--seed 5") == sampled)
            #expect(try await generate("--seed 6") != sampled)
            #expect(sampled != greedy)
        }

        /// The context is 16 tokens.
        @Test func aTextBeyondTheContextIsAnnounced() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.stop_after_steps=1")
            let command = "generate --model run/checkpoints/latest --maximum-tokens 10 --prompt="
            for (prompt, warning) in [
                ("king", ""),
                (
                    "thekingshallnot",
                    "warning: the text may grow to 25 tokens; whenever it outgrows the context of "
                        + "16, the model forgets the older half\n"
                ),
                (
                    "thekingshallnotcome",
                    "warning: the prompt has 19 tokens, the model sees the last 16\n"
                ),
            ] {
                #expect(try await workspace.succeed(command + prompt).errors == warning)
            }
        }

        @Test func aTextTooSmallForTheVocabularyIsSaid() async throws {
            let workspace = try Workspace()
            try workspace.write("banana", to: "a.txt")
            let run = try await workspace.succeed(
                "tokenizer train --input a.txt --output a.json", ranks: 2)
            #expect(run.errors.hasPrefix("warning: the tokenizer has "))
            #expect(run.errors.contains(" tokens instead of 4096: "))
        }

        @Test func aPreparationIsNotOverwritten() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "prepare --input text.txt --tokenizer tokenizer.json --output shards")
            #expect(run.exitCode == 64)
            #expect(run.messages.count == 1)
            #expect(run.errors.contains("the output directory holds a preparation already"))
        }

        /// Nine tenths of the model's vocabulary are padding, and it has hardly learnt that.
        @Test func paddingOfTheVocabularyIsNeverSampled() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=3 model.vocabulary_size=512")
            let text = try await workspace.succeed(
                "generate --model run/checkpoints/latest --prompt the --maximum-tokens 100 "
                    + "--temperature 2"
            ).output
            #expect(text.unicodeScalars.count == 3 + 100 + 1)
        }

        @Test func inspectTellsWhatShardsAndCheckpointsHold() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let text = String(decoding: try workspace.bytes("text.txt"), as: UTF8.self)
            let tokenCount = Int(0.9 * Double(text.unicodeScalars.count))
            let vocabularySize = Set(text.unicodeScalars).count

            let shard = try await workspace.succeed("inspect shards/train-00000.h5").output
            #expect(shard.hasPrefix("token shard shards/train-00000.h5\n"))
            #expect(shard.contains("tokens           \(tokenCount) (2 bytes each)\n"))
            #expect(shard.contains("vocabulary size  \(vocabularySize) (end of text: none)\n"))
            #expect(shard.contains("documents        1\n"))

            // Tables, two blocks of 12 C² + 13 C, and the last norm; C is 16.
            let count = vocabularySize * 16 + 16 * 16 + 2 * (12 * 256 + 13 * 16) + 2 * 16
            let model = try await workspace.succeed("inspect run/checkpoints/latest").output
            #expect(model.hasPrefix("checkpoint run/checkpoints/latest\n"))
            for line in [
                "gpt2 with 2 layers, 2 heads, 16 wide, context 16, vocabulary \(vocabularySize)\n",
                "parameters       \(count) in 28 tensors\n",
                "tokenizer        character, \(vocabularySize) tokens\n",
                "step             5, 5 updates\n",
                "lanes            8: resumes on up to 8 ranks\n",
                "hashes           all 7 files are as they were written\n",
            ] {
                #expect(model.contains(line))
            }

            try workspace.damage("run/checkpoints/step-00000005/model.safetensors", at: 9000)
            let run = try await workspace.run("inspect run/checkpoints/latest")
            #expect(run.exitCode == 1)
            #expect(run.errors.hasPrefix("swift-llm-train: the file is altered"))
        }

        @Test func runCarriesOutAllPhases() async throws {
            let workspace = try Workspace()
            try workspace.write(
                Workspace.recipe.replacing(
                    "[pretrain]", with: "[prepare, pretrain, evaluate, generate]"
                )
                .replacing("shards", with: "run/shards") + """
                    tokenizer: {kind: character}
                    prepare: {input: [text.txt], output: run/shards}
                    generate: {prompt: the, maximum_tokens: 10, temperature: 0}

                    """, to: "recipe.yaml")
            let run = try await workspace.succeed("run recipe.yaml", ranks: 2)
            let output = run.output
            for phase in ["prepare", "pretrain", "evaluate", "generate"] {
                #expect(output.split(separator: "\n").contains("phase \(phase)"))
            }
            #expect(output.contains(#"{"bits_per_byte":"#))
            #expect(output.split(separator: "\n").last?.hasPrefix("the") == true)
            #expect(run.errors.contains("report: run/report.html"))
            // Prepared and trained already: the last phases come again.
            let again = try await workspace.succeed("run recipe.yaml --resume", ranks: 3)
            let lines = again.output.split(separator: "\n")
            #expect(lines.count { $0 == "finished before, on the same inputs" } == 2)
            let evaluations = [output, again.output].map { text in
                text.split(separator: "\n").first { $0.hasPrefix("{") }
            }
            #expect(evaluations[0] == evaluations[1])
            // Another text is prepared again; its shards are those of another model.
            try workspace.write("another text, another alphabet", to: "text.txt")
            let other = try await workspace.run("run recipe.yaml --resume", ranks: 2)
            #expect(!other.output.contains("finished before"))
        }
    }
}
