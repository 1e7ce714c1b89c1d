import Foundation
import JSON
import Testing

/// Small models, adapters and tokenizers after public reports of errors, below the folder `faults` beside
/// that of SWIFT_LLM_DATA: each gives what the reference gives, or is refused by name.
private enum Faults {
    static let folder: String? = {
        let data = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]
        let folder = data.map { URL(filePath: $0).deletingLastPathComponent().path + "/faults" }
        return folder.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    }()

    static func json(_ name: String) throws -> JSONValue {
        let path = "\(try #require(folder))/\(name)"
        return try JSONValue(parsing: Array(Data(contentsOf: URL(filePath: path))), at: path)
    }
}

extension Jobs {
    @Suite(.enabled(if: Faults.folder != nil, "no folder faults beside SWIFT_LLM_DATA"))
    struct FaultyModelTests {
        /// Sums of floats in another order.
        private static let tolerance = 1e-4

        /// The shards on which the losses of the references were computed.
        private func prepared() async throws -> Workspace {
            let (workspace, folder) = (try Workspace(), try #require(Faults.folder))
            try await workspace.succeed(
                "prepare --input \(folder)/text.txt --validation-fraction 0.5 --tokenizer "
                    + "\(folder)/models/plain-ok/tokenizer.json --output shards")
            return workspace
        }

        /// The loss, or the line of a refusal.
        private func measure(_ model: String, in workspace: Workspace) async throws -> (
            loss: Double?, line: String
        ) {
            let run = try await workspace.run(
                "evaluate --model \(model) --data shards --sequence-length 32")
            guard run.exitCode == 0 else { return (nil, run.errors) }
            let json = try JSONValue(parsing: Array(run.output.utf8), at: "the output")
            return (json["loss"]?.double, "")
        }

        /// What is wrong with it; nil where the reference's loss is computed.
        private static let models: [(name: String, refusal: String?)] = [
            ("f64", nil), ("gpt2-dropout-rates", nil), ("gpt2-untied", nil),
            ("mistral-no-window", nil), ("plain-ok", nil), ("rope-linear", nil),
            ("nan-weight", "finite"), ("orig-mod-prefix", "_orig_mod"),
            ("tied-but-head-differs", "tie_word_embeddings"),
        ]

        @Test func modelsGiveTheLossOfTheReferenceOrAreRefused() async throws {
            let workspace = try await prepared()
            let folder = "\(try #require(Faults.folder))/models"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(Set(names) == Set(Self.models.map(\.name)))
            for (name, refusal) in Self.models {
                let (loss, line) = try await measure("\(folder)/\(name)", in: workspace)
                if let refusal {
                    #expect(loss == nil && line.contains(refusal), "\(name): \(line)")
                    #expect(line.split(separator: "\n").count == 1, "\(line)")
                } else {
                    let text = try Faults.json("models/\(name)/expected.json")["loss_transformers"]
                    let expected = try #require(text?.string.flatMap(Double.init))
                    let difference = abs((loss ?? .infinity) - expected)
                    #expect(difference < Self.tolerance, "\(name): \(loss ?? .nan) \(line)")
                }
            }
        }

        @Test func adaptersGiveTheLossOfPEFTOrAreRefused() async throws {
            let workspace = try await prepared()
            let folder = "\(try #require(Faults.folder))/adapters"
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
                try adopt("\(folder)/\(name)", into: workspace, as: name)
                let (loss, line) = try await measure(name, in: workspace)
                let expected = try #require(
                    Faults.json("adapters/\(name)/expected.json")["loss_peft"]?.double)
                guard let loss else {
                    #expect(
                        line.hasPrefix("swift-llm-train:")
                            && line.split(separator: "\n").count == 1, "\(name): \(line)")
                    continue
                }
                #expect(abs(loss - expected) < Self.tolerance, "\(name): \(loss)")
            }
        }

        /// Copies an adapter; its base is named from a folder beside that of the faults.
        private func adopt(_ path: String, into workspace: Workspace, as name: String) throws {
            try FileManager.default.copyItem(atPath: path, toPath: workspace(name))
            let file = "\(name)/adapter_config.json"
            let text = String(decoding: try workspace.bytes(file), as: UTF8.self)
            let folder = try #require(Faults.folder)
            try workspace.write(
                text.replacingOccurrences(of: "../shared/faults", with: folder), to: file)
        }

        @Test func tokenizersGiveTheIDsOfTheReferenceOrAreRefused() async throws {
            let (workspace, folder) = (try Workspace(), "\(try #require(Faults.folder))/tokenizers")
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
                let cases = try Faults.json("tokenizers/\(name)/expected.json").array ?? []
                #expect(!cases.isEmpty)
                let files = try FileManager.default.contentsOfDirectory(
                    atPath: "\(folder)/\(name)")
                let file = try #require(
                    files.first { $0.hasPrefix("tokenizer.json") || $0.hasSuffix(".model") })
                for expected in cases {
                    let text = try #require(expected["text"]?.string)
                    try workspace.write(text, to: "case.txt")
                    let run = try await workspace.run(
                        "tokenizer encode --tokenizer \(folder)/\(name)/\(file) --input case.txt")
                    let ids = run.output.split(separator: " ").compactMap {
                        Int($0.trimmingCharacters(in: .newlines))
                    }
                    let isRefused =
                        run.exitCode == 1 && run.errors.split(separator: "\n").count == 1
                    // What a post-processor puts behind a text is no part of it.
                    let wanted = expected["ids"]?.array?.compactMap(\.integer) ?? []
                    let isEqual =
                        ids == wanted || name == "eos-after" && ids == wanted.dropLast()
                    #expect(isRefused || isEqual, "\(name): \(ids) \(run.errors)")
                }
            }
        }

        /// A directory of a GPT-2 vocabulary and merges without tokenizer.json.
        @Test func vocabularyAndMergesAreATokenizerOrRefused() async throws {
            let workspace = try Workspace()
            let run = try await workspace.run(
                "tokenizer encode --tokenizer \(try #require(Faults.folder))/vocab-merges "
                    + "--input text.txt")
            #expect(
                run.exitCode == 0 && !run.output.isEmpty
                    || run.errors.contains("tokenizer.json"), "\(run.errors)")
        }
    }
}
