import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// `corpus` under mpirun: the same bytes on any number of ranks, and after a death in any stage.
    @Suite struct CorpusRunTests {
        private static let recipe = """
            name: corpus
            output: run
            phases: [corpus]
            corpus:
              input: raw
              piece_megabytes: 1
              part_megabytes: 1
              memory_megabytes: 16
              steps: [text, {kind: length, minimum: 40}, deduplicate, mask]
              deduplicate: {exact: true, lines: true, near: {enabled: true}}

            """

        @Test func documentsDoNotDependOnTheNumberOfRanks() async throws {
            let workspace = try Self.workspace()
            let one = try await Self.run(workspace, "one", ranks: nil)
            let report = try JSONValue(
                parsing: Array(one["report.json"] ?? Data()), at: "report.json")
            let dropped = report["counts"]?["dropped"]
            for reason in ["exact_duplicate", "near_duplicate", "too_short"] {
                #expect(dropped?[reason]?["documents"]?.integer ?? 0 > 50, "\(reason)")
            }
            #expect(one.keys.count { $0.hasPrefix("part-") } > 1)
            for ranks in 1...4 {
                let other = try await Self.run(workspace, "of-\(ranks)", ranks: ranks)
                #expect(other == one, "\(ranks) ranks")
            }
        }

        @Test(arguments: [
            "clean-counts-000001", "copies-000000-exact", "deduplicated", "final-counts-000000",
        ])
        func aKilledRunGoesOnToTheSameDocuments(file: String) async throws {
            let workspace = try Self.workspace()
            let whole = try await Self.run(workspace, "whole", ranks: nil)
            let killed = try await workspace.run(
                "run corpus.yaml corpus.output=cut",
                signal: DistributedRun.Signal(
                    "KILL", afterLines: 1, of: workspace("cut/.work/\(file)")))
            #expect(killed.exitCode == 137 || killed.exitCode == 0, "\(killed.errors)")
            let resumed = try await Self.run(workspace, "cut", ranks: 2, "--resume")
            #expect(resumed == whole)
        }

        @Test func whatOneVerbWritesTheNextReads() async throws {
            let workspace = try Self.workspace()
            try await workspace.succeed(
                "corpus clean --config corpus.yaml --compress zst --output clean", ranks: 2)
            try await workspace.succeed(
                "corpus deduplicate --input clean --output unique", ranks: 2)
            let report = try JSONValue(
                parsing: Array(workspace.bytes("unique/report.json")), at: "report.json")
            #expect(report["counts"]?["kept"]?["documents"]?.integer ?? 0 > 1000)
            #expect(try report["counts"]?["read"]?["documents"] == Self.kept(workspace, "clean"))
            let told = try await workspace.succeed("corpus report unique")
            #expect(told.output.contains("near_duplicate"))
        }

        /// Frames one behind the other are the pieces of a file, whoever reads them.
        @Test func framesOfACompressedFileAreSharedOut() async throws {
            let workspace = try Self.workspace()
            try await workspace.succeed("corpus clean --config corpus.yaml --output plain")
            try await workspace.succeed(
                "corpus clean --config corpus.yaml --compress zst --output parts")
            let names = try FileManager.default.contentsOfDirectory(atPath: workspace("parts"))
                .filter { $0.hasPrefix("part-") }.sorted()
            let frames = try names.map { try workspace.bytes("parts/\($0)") }
            // Copies, so that the file is larger than a piece.
            let whole = Data(Array(repeating: frames, count: 3).joined().joined())
            #expect(frames.count > 1 && whole.count > 2 << 20)
            try whole.write(to: URL(filePath: workspace("whole.jsonl.zst")))
            try whole.dropLast(1000).write(to: URL(filePath: workspace("cut.jsonl.zst")))
            let count = try #require(try Self.kept(workspace, "plain")?.integer)
            for file in ["whole", "cut"] {
                var first: [String: Data] = [:]
                for ranks in [nil, 1, 2, 3, 4] {
                    let made = try await Self.run(
                        workspace, "\(file)-\(ranks ?? 0)", ranks: ranks,
                        "corpus.input=\(file).jsonl.zst corpus.steps=[] "
                            + "corpus.deduplicate.exact=false corpus.deduplicate.lines=false "
                            + "corpus.deduplicate.near.enabled=false")
                    if ranks == nil { first = made }
                    #expect(made == first, "\(file), \(ranks ?? 0) ranks")
                }
                let told = try JSONValue(
                    parsing: Array(try #require(first["report.json"])), at: "report.json")
                let (kept, dropped) = (told["counts"]?["kept"], told["counts"]?["dropped"])
                let damaged = dropped?["damaged_file"]?["documents"]?.integer ?? 0
                let documents = kept?["documents"]?.integer ?? 0
                #expect(damaged == (file == "cut" ? 1 : 0))
                #expect(file == "cut" ? documents > 2 * count : documents == 3 * count)
            }
        }

        @Test func aFinishedCorpusIsNotMadeAgain() async throws {
            let workspace = try Self.workspace()
            try await workspace.succeed("corpus clean --config corpus.yaml --output clean")
            let again = try await workspace.run("corpus clean --config corpus.yaml --output clean")
            #expect(again.exitCode == 1)
            #expect(again.errors.contains("the output holds a corpus"))
            try await workspace.succeed("corpus clean --config corpus.yaml --output clean --resume")
            let other = try await workspace.run(
                "corpus clean --config corpus.yaml --output clean --resume corpus.steps=[text]")
            #expect(other.errors.contains("begun with other files or options"))
        }

        /// What is piped in makes the same documents as the file, on any ranks, and is not kept.
        @Test func standardInputIsAnInput() async throws {
            let workspace = try Self.workspace()
            let text = String(
                decoding: try workspace.bytes("raw/a.jsonl").prefix(60_000), as: UTF8.self)
            try workspace.write(text, to: "part.jsonl")
            let flags = #"corpus.steps=[{"kind":"length","minimum":40}]"#
            try await workspace.succeed("corpus clean --input part.jsonl --output file \(flags)")
            for ranks in [nil, 2] {
                let output = "piped-\(ranks ?? 0)"
                try await workspace.succeed(
                    "corpus clean --input - --output \(output) \(flags)", ranks: ranks, input: text)
                #expect(
                    try workspace.bytes("\(output)/part-00000.jsonl")
                        == workspace.bytes("file/part-00000.jsonl"))
                #expect(!FileManager.default.fileExists(atPath: workspace("\(output)/.work")))
            }
            let empty = try await workspace.run("corpus clean --input - --output none", input: "")
            #expect(empty.errors.contains("nothing is piped in"), "\(empty.errors)")
        }

        @Test func whatIsTrainedOnACorpusTellsIt() async throws {
            let workspace = try Self.workspace()
            try await workspace.succeed(
                "run corpus.yaml phases=[corpus,prepare,pretrain,export] corpus.output=run/corpus "
                    + "tokenizer.vocabulary_size=300 model.layer_count=1 model.head_count=1 "
                    + "model.embedding_size=16 model.context_length=16 train.steps=2 "
                    + "train.global_batch_size=2 train.micro_batch_size=2 optimizer.warmup_steps=0 "
                    + "checkpoint.every_steps=0 export.license=mit", ranks: 2)
            let kept = try #require(try Self.kept(workspace, "run/corpus"))
            for folder in ["run/checkpoints/latest", "run/exported"] {
                let told = try JSONValue(
                    parsing: Array(workspace.bytes("\(folder)/provenance.json")), at: folder)
                let corpus = told["corpora"]?.array?.first
                #expect(corpus?["kept"]?["documents"] == kept)
                #expect(corpus?["sources"]?.array?.count == 3)
            }
            let card = String(
                decoding: try workspace.bytes("run/exported/README.md"), as: UTF8.self)
            #expect(card.contains("license: mit") && card.contains("raw/b.jsonl"), "\(card)")
            #expect(card.contains("near_duplicate") && card.contains("name: corpus"), "\(card)")
            let shard = try await workspace.succeed("inspect run/shards/train-00000.h5")
            #expect(shard.output.contains("provenance"))
        }

        // MARK: Files

        private static func kept(_ workspace: Workspace, _ folder: String) throws -> JSONValue? {
            try JSONValue(
                parsing: Array(workspace.bytes("\(folder)/report.json")), at: "report.json")[
                    "counts"]?["kept"]?["documents"]
        }

        /// Runs the recipe and returns the files that it made.
        private static func run(
            _ workspace: Workspace, _ output: String, ranks: Int?, _ flags: String = ""
        ) async throws -> [String: Data] {
            try await workspace.succeed(
                "run corpus.yaml \(flags) corpus.output=\(output)", ranks: ranks)
            let names = try FileManager.default.subpathsOfDirectory(atPath: workspace(output))
            var files: [String: Data] = [:]
            for name in names where name.contains(".") {
                files[name] = try workspace.bytes("\(output)/\(name)")
            }
            return files
        }

        /// Some 6 MB in three files: some documents are equal, some nearly equal, some too short.
        private static func workspace() throws -> Workspace {
            let workspace = try Workspace(size: 100)
            try workspace.write(recipe, to: "corpus.yaml")
            try FileManager.default.createDirectory(
                atPath: workspace("raw"), withIntermediateDirectories: true)
            let made = documents()
            let records = made.enumerated().map { index, text in
                JSONValue.object(["text": .string(text), "id": .integer(index)]).text() + "\n"
            }
            try workspace.write(records[..<2000].joined(), to: "raw/a.jsonl")
            try workspace.write(records[2000..<2010].joined(), to: "raw/b.jsonl")
            let texts = made[2010...].joined(separator: "<|endoftext|>")
            try workspace.write(texts, to: "raw/c.txt")
            return workspace
        }

        private static func documents() -> [String] {
            var state = UInt64(1)
            func next(_ count: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % count
            }
            let words = (0..<4000).map { "w\(String($0 * 7919, radix: 36))" }
            var made: [String] = []
            for _ in 0..<3000 {
                let kind = next(10)
                if kind < 2, !made.isEmpty {
                    made.append(made[next(made.count)])
                } else if kind < 4, !made.isEmpty {
                    var parts = made[next(made.count)].split(separator: " ").map(String.init)
                    parts[next(parts.count)] = "changed"
                    made.append(parts.joined(separator: " "))
                } else {
                    let text = (0..<(kind == 4 ? 4 : 300 + next(200))).map { _ in
                        words[next(words.count)] + (next(20) == 0 ? "\n" : " ")
                    }
                    made.append(text.joined())
                }
            }
            return made
        }
    }
}
