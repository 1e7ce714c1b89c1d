import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// What a restart takes for finished.
    @Suite struct LedgerTests {
        private static let keys =
            "run recipe.yaml phases=[prepare,pretrain] tokenizer.kind=character "
            + "prepare.input=[text.txt] prepare.output=run/shards data.train=run/shards "
            + "data.validation=run/shards train.steps=2 optimizer.warmup_steps=1 "

        private func finished(_ run: DistributedRun) -> Int {
            run.output.split(separator: "\n").count { $0 == "finished before, on the same inputs" }
        }

        /// phases.json of this recipe, as a program wrote it that hashed all bytes of all files and had
        /// fewer keys.
        private static let old = """
            {
              "prepare": {
                "files": "7da642400b662bc66aef572a30347a946df58faae43f7632c6753938bfd25d45",
                "keys": "6c2a405e1c4c15473763080d6fa8313e5ceb0d5d8977cef729cca6a345fb758f"
              }
            }

            """

        @Test func theLedgerOfAnOlderProgramIsRead() async throws {
            let workspace = try Workspace()
            try await workspace.succeed(Self.keys, ranks: 2)
            try workspace.write(Self.old, to: "run/phases.json")
            let again = try await workspace.succeed(Self.keys + "--resume", ranks: 2)
            #expect(finished(again) == 1, "\(again.output)")
            // From then on it is noted as now.
            let json = try JSONValue(
                parsing: Array(workspace.bytes("run/phases.json")), at: "phases.json")
            #expect(json["prepare"]?["form"]?.string == "stamps")
            #expect(finished(try await workspace.succeed(Self.keys + "--resume")) == 2)
        }

        /// Beyond 16 MiB a file is known by its size, its time and samples.
        @Test func aLargeTextThatChangedIsPreparedAgain() async throws {
            let workspace = try Workspace()
            let text = try workspace.bytes("text.txt")
            var large = Data()
            while large.count < 17 << 20 { large += text }
            try large.write(to: URL(filePath: workspace("text.txt")))
            let keys = Self.keys + "evaluate.batches=1 "
            try await workspace.succeed(keys, ranks: 2)
            #expect(finished(try await workspace.succeed(keys + "--resume", ranks: 2)) == 2)
            large.replaceSubrange(0..<2, with: [0x61, 0x61])
            try large.write(to: URL(filePath: workspace("text.txt")))
            #expect(finished(try await workspace.succeed(keys + "--resume", ranks: 2)) == 0)
        }
    }
}
