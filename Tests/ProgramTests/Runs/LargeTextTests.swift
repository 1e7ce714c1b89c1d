import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Texts of several blocks and shards.
    @Suite struct LargeTextTests {
        private static let size = 40 << 20

        /// A text that is too large to be held in memory, of documents of some thousand characters.
        private func workspace() throws -> Workspace {
            let workspace = try Workspace(size: 8000)
            let text = try workspace.bytes("text.txt")
            var large = Data()
            var number = 0
            while large.count < Self.size {
                large += Data("document \(number): ".utf8) + text.dropFirst(number % 7000)
                large += Data("\n<|endoftext|>".utf8)
                number += 1
            }
            try large.write(to: URL(filePath: workspace("large.txt")))
            return workspace
        }

        /// Runs a command on all ranks.
        ///
        /// - Returns: the bytes that all of them read by system calls, together.
        private func bytesRead(_ command: String, ranks: Int, _ workspace: Workspace) async throws
            -> Int
        {
            let program = DistributedRun.executable("swift-llm-train")
            // A shell counts what the children did for which it has waited.
            let script = "\(program) \(command) && grep rchar /proc/$$/io"
            let run = try await DistributedRun.of(
                command: ["mpirun", "--oversubscribe", "-n", "\(ranks)", "bash", "-c", script],
                seconds: 300, folder: workspace.path)
            #expect(run.exitCode == 0, "\(command): \(run.errors)")
            let counts = run.output.split(separator: "\n").compactMap { line in
                line.hasPrefix("rchar: ") ? Int(line.dropFirst(7)) : nil
            }
            #expect(counts.count == ranks)
            return counts.reduce(0, +)
        }

        /// What the program itself reads to start, and the samples that tell whether a file is text.
        private static let most = 1.08 * Double(size) + 4e6

        @Test func allRanksTogetherReadATextOnceAndMakeTheSameShards() async throws {
            let workspace = try workspace()
            var made: [Data] = []
            for ranks in [1, 2, 3] {
                let trained = try await bytesRead(
                    "tokenizer train --input large.txt --kind character --output \(ranks).json",
                    ranks: ranks, workspace)
                #expect(Double(trained) < Self.most, "\(ranks) ranks: \(trained)")
                let prepared = try await bytesRead(
                    "prepare --input large.txt --tokenizer 1.json --shard-megabytes 17 --output "
                        + "s\(ranks)", ranks: ranks, workspace)
                #expect(Double(prepared) < Self.most, "\(ranks) ranks: \(prepared)")
                #expect(Double(prepared) > Double(Self.size))
                let names = try FileManager.default.contentsOfDirectory(
                    atPath: workspace("s\(ranks)")
                ).sorted()
                #expect(
                    names == [
                        "index.json", "tokenizer.json", "train-00000.h5", "train-00001.h5",
                        "train-00002.h5", "validation-00000.h5",
                    ])
                let shards = try names.map { try workspace.bytes("s\(ranks)/\($0)") }
                if made.isEmpty { made = shards }
                #expect(shards == made, "\(ranks) ranks")
                #expect(try workspace.bytes("\(ranks).json") == workspace.bytes("1.json"))
            }
        }

        @Test func bytePairsOfALargeTextAreTheSameOnAnyRanksAndOfASample() async throws {
            let workspace = try workspace()
            let train =
                "tokenizer train --input large.txt text.txt --vocabulary-size 400 --output "
            for ranks in [1, 2, 3] {
                for (name, keys) in [("whole", ""), ("sample", " --sample-megabytes 3")] {
                    let read = try await bytesRead(
                        train + "\(name)\(ranks).json" + keys, ranks: ranks, workspace)
                    #expect(Double(read) < (name == "whole" ? Self.most : 20e6), "\(read)")
                    #expect(
                        try workspace.bytes("\(name)\(ranks).json")
                            == workspace.bytes("\(name)1.json"))
                }
            }
        }

        /// An unknown character in the midst of the text: one rank meets it, the others do not wait.
        @Test func aFailureInOneBlockEndsAllRanks() async throws {
            let workspace = try workspace()
            try await workspace.succeed(
                "tokenizer train --input text.txt --kind character --output t.json")
            for ranks in [1, 2, 3] {
                let run = try await workspace.run(
                    "prepare --input large.txt --tokenizer t.json --output out", ranks: ranks,
                    seconds: 120)
                #expect(run.exitCode == 1)
                #expect(run.messages.count == 1, "\(run.errors)")
                #expect(run.errors.contains("cannot encode a character"))
            }
        }
    }
}
