import Foundation
import JSON
import Testing

extension Jobs {
    /// Weights in and out, by the built program.
    @Suite struct ImportTests {
        static let folder = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]

        @Test(.enabled(if: folder != nil, "SWIFT_LLM_DATA is not set"))
        func importedStoriesContinueAsTheGoldenText() async throws {
            let stories = "\(try #require(Self.folder))/weights/stories260K"
            let workspace = try Workspace()
            try await workspace.succeed(
                "import --model \(stories)/stories260K.bin --tokenizer \(stories)/tok512.bin "
                    + "--output model")
            let golden = try #require(
                try JSONValue(
                    parsing: Array(
                        Data(contentsOf: URL(filePath: "\(stories)/golden_greedy.json"))),
                    at: "golden")["text"]?.string)
            let run = try await workspace.succeed(
                "generate --model model --prompt Once --temperature 0 --maximum-tokens 255")
            #expect(run.output == golden + "\n")
        }

        @Test func exportWritesGGUFAndRefusesWhatAFormatLacks() async throws {
            let workspace = try await Workspace.prepared()
            let files = try await workspace.pretrain("run", "model.architecture=llama")
            let export = "export --model \(files.checkpoint(20)) --output out"
            try await workspace.succeed("\(export) --format gguf --type q8_0")
            #expect(try workspace.bytes("out").starts(with: "GGUF".utf8))
            for (flags, reason) in [
                ("--type q8_0", "Hugging Face directories have no type q8_0"),
                ("--format gguf --shard-megabytes 1", "a GGUF file has no shards"),
                ("--shard-megabytes 0", "expected an integer from 1"),
            ] {
                let run = try await workspace.run("\(export) \(flags)")
                #expect(run.exitCode == 64 && run.errors.contains(reason), "\(run.errors)")
            }
            let again = try await workspace.run("\(export) --format gguf")
            #expect(again.exitCode == 1 && again.errors.contains("an existing file"))
        }

        @Test func llamaTrainsResumesAndSurvivesExportAndImport() async throws {
            let workspace = try await Workspace.prepared()
            let llama = "model.architecture=llama model.key_value_head_count=1"
            let files = try await workspace.pretrain("run", llama)
            try await workspace.succeed(
                "pretrain --config recipe.yaml output=part train.stop_after_steps=10 \(llama)")
            try await workspace.succeed(
                "pretrain --config part/recipe.yaml --resume train.stop_after_steps=null")
            #expect(try files.weights(20) == RunFiles(path: workspace("part")).weights(20))
            #expect(try #require(files.losses().last) < files.losses()[0])

            let checkpoint = files.checkpoint(20)
            try await workspace.succeed("export --model \(checkpoint) --output same")
            #expect(try workspace.bytes("same/model.safetensors") == files.weights(20))
            try await workspace.succeed("export --model \(checkpoint) --output half --type bf16")
            try await workspace.succeed("import --model half --output back")
            try await workspace.succeed("export --model back --output again --type bf16")
            #expect(
                try workspace.bytes("again/model.safetensors")
                    == workspace.bytes("half/model.safetensors"))
            #expect(
                try workspace.bytes("half/tokenizer.json") == workspace.bytes("tokenizer.json"))
        }
    }
}
