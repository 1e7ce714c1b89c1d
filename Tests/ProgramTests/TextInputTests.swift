import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Texts as people have them: directories, books of any size, what is piped in, what is no text.
    @Suite struct TextInputTests {
        private static let prepare = "prepare --tokenizer tokenizer.json --output "

        private func shards(_ directory: String, in workspace: Workspace) throws -> [Data] {
            try ["train-00000.h5", "validation-00000.h5"].map {
                try workspace.bytes("\(directory)/\($0)")
            }
        }

        @Test func aDirectoryStandsForItsFilesInTheOrderOfTheirNames() async throws {
            let workspace = try Workspace()
            for folder in ["in", "in/sub", "none"] {
                try FileManager.default.createDirectory(
                    atPath: workspace(folder), withIntermediateDirectories: true)
            }
            let files = ["in/a.txt", "in/b.txt", "in/sub/c.txt"]
            for (index, file) in files.enumerated() {
                try workspace.write(String(repeating: "night \(index) ", count: 30), to: file)
            }
            try workspace.write("\0\0", to: "in/.hidden")
            for (input, output) in [("in", "a.json"), (files.joined(separator: " "), "b.json")] {
                try await workspace.succeed(
                    "tokenizer train --kind character --input \(input) --output \(output)")
            }
            #expect(try workspace.bytes("a.json") == workspace.bytes("b.json"))
            for (input, output) in [("in", "a"), (files.joined(separator: " "), "b")] {
                try await workspace.succeed(
                    "prepare --tokenizer a.json --output \(output) --input \(input)", ranks: 2)
            }
            #expect(try shards("a", in: workspace) == shards("b", in: workspace))

            try workspace.write("name: r\nphases: [prepare]\noutput: run\n", to: "prepare.yaml")
            let run =
                "run prepare.yaml tokenizer.kind=character prepare.output=c prepare.input=[in]"
            try await workspace.succeed(run, ranks: 2)
            #expect(try shards("c", in: workspace) == shards("a", in: workspace))
            #expect(
                try await workspace.succeed(run + " --resume").output.contains(
                    "finished before, on the same inputs") == false)

            let empty = try await workspace.run(
                "tokenizer train --input none --output x.json", ranks: 2)
            #expect(
                empty.messages == [
                    "swift-llm-train: the directory holds no file: expected files whose names begin "
                        + "with no dot, got none (none); name another"
                ])
        }

        @Test func aLargeBookIsCutSoThatBothPartsHaveTheirShare() async throws {
            let workspace = try await Workspace.prepared()
            try workspace.write(String(repeating: "Death, not day. ", count: 300), to: "small.txt")
            try workspace.write(
                String(repeating: "the king shall not ", count: 9000), to: "large.txt")
            for ranks in [nil, 2, 3] {
                let name = "out\(ranks ?? 1)"
                let run = try await workspace.succeed(
                    Self.prepare + name + " --input small.txt large.txt", ranks: ranks)
                #expect(
                    run.output.contains("158220 train tokens in 1 shard, 17580 validation tokens"))
                #expect(run.errors.isEmpty, "\(run.errors)")
                #expect(try shards(name, in: workspace) == shards("out1", in: workspace))
            }
        }

        /// The bytes are halved, but the second half is one word, of a few long tokens.
        @Test func aPartFarBelowItsShareIsToldOf() async throws {
            let workspace = try Workspace(size: 4000)
            try workspace.write(String(repeating: "a", count: 4096), to: "word.txt")
            try await workspace.succeed(
                "tokenizer train --input text.txt word.txt --vocabulary-size 280 --output t.json")
            let prepare = "prepare --tokenizer t.json --validation-fraction 0.5 --output "
            let run = try await workspace.succeed(prepare + "a --input text.txt word.txt", ranks: 2)
            #expect(run.errors.hasPrefix("warning: the validation part has "), "\(run.errors)")
            #expect(run.errors.contains("less than a tenth of what a validation fraction of 0.5"))
            #expect(try await workspace.succeed(prepare + "b --input text.txt").errors.isEmpty)
        }

        @Test func whatIsNoTextMakesNoTokenizerAndNoShards() async throws {
            let workspace = try await Workspace.prepared()
            let noise = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7 &+ $0) })
            try noise.write(to: URL(filePath: workspace("noise.txt")))
            try Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0]).write(to: URL(filePath: workspace("a.txt.gz")))
            for (name, text) in [("empty", ""), ("blank", " \n\n"), ("ends", "<|endoftext|>")] {
                try workspace.write(text, to: name + ".txt")
            }
            for (file, message) in [
                ("noise.txt", "got binary data: "), ("a.txt.gz", "got a gzip file"),
                ("empty.txt", "there is no text: "), ("blank.txt", "there is no text: "),
                ("ends.txt", "text"),
            ] {
                for command in [
                    Self.prepare + "new --input \(file)",
                    "tokenizer train --input \(file) --output new.json",
                ] {
                    let run = try await workspace.run(command)
                    #expect(run.exitCode == 1 && run.messages.count == 1, "\(file): \(run.errors)")
                    #expect(run.errors.contains(message) && run.errors.contains(file))
                }
            }
            let encoded = try await workspace.run(
                "tokenizer encode --tokenizer tokenizer.json --input a.txt.gz")
            #expect(encoded.errors.contains("got a gzip file (a.txt.gz); decompress it by gunzip"))
            #expect(!FileManager.default.fileExists(atPath: workspace("new")))
            #expect(!FileManager.default.fileExists(atPath: workspace("new.json")))
        }

        /// The text has 14 characters more than the least that may have a window.
        @Test func aTextWithoutAWindowIsToldBeforeItIsPrepared() async throws {
            let workspace = try Workspace(size: 200)
            let command =
                "run recipe.yaml phases=[prepare,pretrain] prepare.input=[text.txt] "
                + "prepare.output=shards train.steps=4 prepare.validation_fraction="
            for (keys, expected) in [
                (
                    "0.05 tokenizer.vocabulary_size=300",
                    "the validation part of the text is shorter than one window: expected at "
                        + "least 17 tokens, got at most "
                ),
                ("0.1 tokenizer.vocabulary_size=290", "the validation part"),
                ("0.05 tokenizer.kind=character", "the validation part"),
                ("0.99 tokenizer.kind=character", "the train part"),
            ] {
                let run = try await workspace.run(command + keys, ranks: 2)
                #expect(run.exitCode == 1, "\(run.errors)")
                #expect(run.errors.contains("swift-llm-train: " + expected), "\(run.errors)")
                #expect(!run.output.contains("phase pretrain"))
                #expect(!FileManager.default.fileExists(atPath: workspace("shards")))
            }
            try await workspace.succeed(command + "0.5 tokenizer.kind=character")
        }

        @Test func aHyphenReadsTheTextFromStandardInput() async throws {
            let workspace = try await Workspace.withBase()
            let model =
                "--model base/checkpoints/latest --maximum-tokens 9 --temperature 0 --prompt "
            let typed = try await workspace.succeed("generate \(model) the")
            for input in ["the", "the\n", "the\r\n"] {
                let piped = try await workspace.succeed("generate \(model) -", input: input)
                #expect(piped.output == typed.output)
            }
            let empty = try await workspace.run("generate \(model) -", input: "\n")
            #expect(empty.exitCode == 1 && empty.errors.contains("(standard input)"))

            try await workspace.finetune(
                "classifier",
                Workspace.classification + "finetune.trained=head finetune.train.steps=2")
            let classify = "classify --model classifier/finetune/checkpoints/latest "
            let known = try await workspace.succeed(classify + "--text king").output
            #expect(
                try await workspace.succeed(classify + "--text -", input: "king\n").output == known)
            try FileManager.default.createDirectory(
                atPath: workspace("texts"), withIntermediateDirectories: false)
            for (name, text) in [("a.txt", "king"), ("b.txt", "lord")] {
                try workspace.write(text, to: "texts/" + name)
            }
            let both = try await workspace.succeed(classify + "--input texts").output
            #expect(
                both == (try await workspace.succeed(classify + "--text king --text lord").output))
        }
    }
}
