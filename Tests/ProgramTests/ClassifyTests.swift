import Foundation
import JSON
import ModelFiles
import Models
import Testing
import Tokenizers

extension Jobs {
    @Suite struct ClassifyTests {
        /// A classifier of two classes with weights that look like chance, in `model`, beside the
        /// language model that it would be without its head, in `writer`.
        private func workspace() throws -> Workspace {
            let workspace = try Workspace(size: 10)
            let sizes = DecoderConfiguration.gpt2(
                vocabularySize: 27, contextLength: 16, embeddingSize: 8, layerCount: 1,
                headCount: 2)
            let tokenizer = try CharacterTokenizer(text: " abcdefghijklmnopqrstuvwxyz")
            for (name, labels) in [("model", ["ham", "spam"]), ("writer", nil)] {
                try write(
                    HuggingFaceConfiguration(
                        model: sizes, endOfTextIDs: [], labels: labels),
                    tokenizer, into: workspace(name))
            }
            return workspace
        }

        private func write(
            _ configuration: HuggingFaceConfiguration, _ tokenizer: CharacterTokenizer,
            into folder: String
        ) throws {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let values = (0..<1024).map { Float($0 * 37 % 101) / 100 - 0.5 }
            try values.withUnsafeBufferPointer { values in
                let tensors = configuration.tensorShapes.map { name, shape in
                    NamedTensor(
                        name: name, shape: shape,
                        values: UnsafeBufferPointer(rebasing: values[..<shape.reduce(1, *)]))
                }
                try ModelDirectory.write(
                    configuration, tensors: tensors, tokenizerJSON: tokenizer.tokenizerJSON,
                    into: folder)
            }
        }

        private func objects(_ output: String) throws -> [JSONValue] {
            try output.split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8), at: "classify")
            }
        }

        @Test func textsHaveTheSameProbabilitiesOnAnyNumberOfRanks() async throws {
            let workspace = try workspace()
            let rows = (0..<40).map { index in
                let text = String(repeating: "win a prize ", count: index % 3)
                let label = index % 2 == 0 ? "ham" : "spam"
                return "\(label)\t\(text)call \(index % 7 > 3 ? "me" : "us")"
            }
            try workspace.write(rows.joined(separator: "\n"), to: "a.tsv")
            let command = "classify --model model --input a.tsv --json"
            let alone = try await workspace.succeed(command)
            for ranks in [1, 2, 3] {
                let run = try await workspace.succeed(command, ranks: ranks)
                #expect(run.output == alone.output, "\(ranks) ranks")
            }
            #expect(alone.errors.contains("texts are longer than 16 tokens and lost their end"))

            let lines = try objects(alone.output)
            #expect(lines.count == 41)
            for line in lines.dropLast() {
                let probabilities = try ["ham", "spam"].map {
                    try #require(line["probabilities"]?[$0]?.double)
                }
                #expect(abs(probabilities.reduce(0, +) - 1) < 1e-9)
                let likeliest = probabilities[0] >= probabilities[1] ? "ham" : "spam"
                #expect(line["class"]?.string == likeliest)
            }
            let right = lines.dropLast().count { $0["class"] == $0["label"] }
            #expect(lines[40]["accuracy"]?.double == Double(right) / 40)
            #expect(lines[40]["confusion"]?.array?.count == 2)
        }

        @Test func textsOfTheCommandLineAreATable() async throws {
            let workspace = try workspace()
            let run = try await workspace.succeed("classify --model model --text win --text call")
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines[0].split(separator: " ") == ["text", "class", "ham", "spam"])
            #expect(lines[1].hasPrefix("  \"win\"") && lines[2].hasPrefix("  \"call\""))
        }

        @Test func reportFollowsTextsWithLabels() async throws {
            let workspace = try workspace()
            try workspace.write("label,text\nham,a\nspam,b\n", to: "a.csv")
            let run = try await workspace.succeed("classify --model model --input a.csv")
            #expect(run.output.contains("accuracy ") && run.output.contains("macro average"))
        }

        @Test(arguments: [
            ("--model model --input a.tsv", 1, "of ham, spam, got eggs (a.tsv, line 2)"),
            ("--model writer --text a", 64, "this model tells no classes apart"),
            ("--model model --text A", 1, "--text 1"),
            ("--model model", 64, "expected either --text or --input, got neither"),
            ("--model model --text a --input a.tsv", 64, "got both"),
            (
                "--model model --text a --label-column label", 64,
                "--label-column has no effect: expected to stand with --input, got --text"
            ),
            ("--model model --text a --text-column 1", 64, "--text-column has no effect"),
            ("--model model --text a --no-header", 64, "--no-header has no effect"),
        ])
        func wrongInputIsNamed(flags: String, exitCode: Int, message: String) async throws {
            let workspace = try workspace()
            try workspace.write("ham\ta\neggs\tb\n", to: "a.tsv")
            let run = try await workspace.run("classify " + flags)
            #expect(run.exitCode == exitCode)
            #expect(run.messages.count == 1 && run.errors.contains(message), "\(run.errors)")
        }
    }
}
