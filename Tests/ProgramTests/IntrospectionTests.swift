import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// `inspect --tokens` and `replay --page`: a text and a step as the model sees them.
    @Suite struct IntrospectionTests {
        /// The number behind a word in the last line.
        private func loss(_ run: DistributedRun) -> Double? {
            let line = run.output.split(separator: "\n").last { $0.hasPrefix("loss ") }
            return line.flatMap { Double($0.split(separator: " ")[1]) }
        }

        @Test func aTextIsToldTokenByToken() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let text = String(
                String(decoding: try workspace.bytes("text.txt"), as: UTF8.self).prefix(12))
            let run = try await workspace.succeed(
                "inspect run --tokens - --page page.html", input: text)
            let rows = run.output.split(separator: "\n").drop { !$0.hasPrefix("token ") }
                .dropFirst().prefix(text.count)
            #expect(rows.count == text.count)
            let losses = rows.compactMap { row in
                row.firstMatch(of: #/% +(\d+\.\d+) /#).flatMap { Double($0.1) }
            }
            // The first has nothing before it: this tokenizer has no end of text.
            #expect(losses.count == text.count - 1)
            let mean = losses.reduce(0, +) / Double(losses.count)
            #expect(abs(mean - (loss(run) ?? 0)) < 1e-3)
            #expect(!run.output.contains("\u{1B}"))
            let page = String(decoding: try workspace.bytes("page.html"), as: UTF8.self)
            #expect(page.contains("Neighbours in the embedding"))
            #expect(page.contains("perplexity"))
        }

        @Test(arguments: [
            ("inspect run --page p.html", "--page stands with --tokens"),
            ("inspect run --base b", "--base stands with --tokens"),
            ("inspect run --tokens a --verify", "--verify stands without --tokens"),
        ])
        func flagsThatDoNotStandTogetherAreRefused(words: String, message: String) async throws {
            let workspace = try Workspace()
            let run = try await workspace.run(words)
            #expect(run.exitCode == 64)
            #expect(run.errors.contains(message))
        }

        @Test func whatTheModelCannotReadIsToldInOneLine() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=2")
            let letter = String(
                String(decoding: try workspace.bytes("text.txt"), as: UTF8.self).prefix(1))
            for (text, part) in [
                (String(repeating: letter, count: 17), "expected 1 to 16 tokens, got 17"),
                ("", "got none"), ("\u{1F600}", "1F600"),
            ] {
                let run = try await workspace.run("inspect run --tokens -", input: text)
                #expect(run.exitCode != 0)
                #expect(run.errors.contains(part), "\(run.errors)")
                #expect(run.messages.count == 1)
            }
        }

        /// The losses of the sequences make up that of the batch.
        @Test(arguments: ["", "model.dropout_rate=0.2 train.global_batch_size=6"])
        func aStepHasAPage(keys: String) async throws {
            let workspace = try await Workspace.prepared()
            let files = try await workspace.pretrain("run", "train.steps=3 \(keys)")
            let run = try await workspace.succeed(
                "replay --run run --step 2 --page page.html")
            #expect(run.output.hasSuffix("page page.html\n"))
            let page = String(decoding: try workspace.bytes("page.html"), as: UTF8.self)
            let losses = page.matches(of: /loss (\d+\.\d+)<br>/).compactMap { Double($0.1) }
            let batch = try #require(try files.steps()[1]["loss"]?.double)
            #expect(losses.count == (keys.isEmpty ? 24 : 6))
            // The page has four digits.
            #expect(abs(losses.reduce(0, +) / Double(losses.count) - batch) < 1e-4)
            #expect(page.contains("transformer.h.1") && page.contains("the same, bit for bit"))
        }
    }
}
