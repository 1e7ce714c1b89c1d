import Foundation
import JSON
import Testing

extension Jobs {
    /// Adapters trained by the built program.
    @Suite struct LoRATests {
        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let location = sourceLocation
            #expect(
                try run.adapter(6) == reference.adapter(6), comment, sourceLocation: location)
            #expect(
                try run.moments(6) == reference.moments(6), comment, sourceLocation: location)
            #expect(try run.steps() == reference.steps(), comment, sourceLocation: location)
            #expect(
                try run.metrics("validation").last == reference.metrics("validation").last,
                comment, sourceLocation: location)
        }

        @Test func adaptersHaveTheSameBitsOnAnyNumberOfRanks() async throws {
            let workspace = try await Workspace.withBase()
            let alone = try await workspace.finetune("alone")
            let worlds: [(ranks: Int, keys: String)] = [
                (2, ""), (3, ""), (2, "finetune.train.optimizer_sharding=zero1"),
                (3, "finetune.train.node_memory=private"),
                (2, "finetune.train.recompute=blocks"),
            ]
            for (index, world) in worlds.enumerated() {
                let run = try await workspace.finetune(
                    "run-\(index)", world.keys, ranks: world.ranks)
                try expectEqual(run, alone, "\(world)")
            }
            #expect(try alone.adapter(2) != alone.adapter(6))
            #expect(try alone.steps().count == 6)
        }

        @Test func decomposedWeightsHaveTheSameBitsToo() async throws {
            let workspace = try await Workspace.withBase()
            let keys = "lora.dora=true lora.rslora=true "
            let alone = try await workspace.finetune("alone", keys)
            let run = try await workspace.finetune(
                "run", keys + "finetune.train.recompute=blocks", ranks: 3)
            try expectEqual(run, alone, "3 ranks, recomputed")
            #expect(try alone.adapter(6).range(of: Data("lora_magnitude_vector".utf8)) != nil)
        }

        /// The stop validates once more, which must not count towards the best loss and patience.
        @Test func aStoppedFineTuningGoesOnExactlyOnOtherRanks() async throws {
            let workspace = try await Workspace.withBase()
            let keys = "finetune.evaluate.patience=3 finetune.checkpoint.keep_best=true "
            let whole = try await workspace.finetune("whole", keys)
            let stopped = try await workspace.finetune(
                "run", keys + "finetune.train.stop_after_steps=3", ranks: 2)
            #expect(try stopped.steps().count == 3)
            let run = try await workspace.finetune("run", keys + "--resume", ranks: 3)
            try expectEqual(run, whole, "2 ranks, then 3")
            let states = try [run, whole].map {
                try Data(contentsOf: URL(filePath: $0.checkpoint(6) + "/trainer_state.json"))
            }
            #expect(states[0] == states[1])
        }

        @Test func onlyAdaptersAreKeptAndReduced() async throws {
            let workspace = try await Workspace.withBase()
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=tuned finetune.train.steps=2 lora.rank=1 "
                    + "lora.target_modules=[attn.c_attn]", ranks: 2)
            // Two layers of (16 + 48) values.
            #expect(run.output.contains("trained: 128 of them"), "\(run.output)")
            #expect(run.output.contains("the ranks reduce 512 bytes of gradients a step"))
            #expect(run.output.contains("what stands in ⟦ ⟧ is learnt"))
            let folder = workspace("tuned/finetune/checkpoints/latest")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.contains("adapter_model.safetensors"))
            #expect(!files.contains("model.safetensors"))
        }

        @Test func aMergedAdapterWritesWhatTheAdapterWrote() async throws {
            let workspace = try await Workspace.withBase()
            try await workspace.finetune("tuned", "lora.dora=true")
            let adapter = "tuned/finetune/checkpoints/latest"
            let merge = try await workspace.succeed("merge --adapter \(adapter) --output merged")
            #expect(merge.output.contains("merged 8 of 28 tensors into merged"), "\(merge.output)")
            let flags = "--prompt the --maximum-tokens 12 --temperature 0"
            let texts = try await [adapter, "merged"].asyncMap {
                try await workspace.succeed("generate --model \($0) \(flags)").output
            }
            #expect(texts[0] == texts[1])
        }

        /// A group of ranks for each adapter, which knows nothing of the others.
        @Test func severalAdaptersAtOnceAreThoseOfRunsOfTheirOwn() async throws {
            let workspace = try await Workspace.withBase()
            let keys = ["lora.rank=2", "lora.rank=4"]
            let own = try await keys.enumerated().map { ($0, $1) }.asyncMap { index, keys in
                try await workspace.finetune("own-\(index)", keys).adapter(6)
            }
            #expect(own[0] != own[1])
            for ranks in [nil, 2, 3] {
                try await workspace.succeed(
                    "finetune --config tune.yaml output=all-\(ranks ?? 0) "
                        + "finetune.variants=[\(keys.joined(separator: ","))]", ranks: ranks)
                for (index, adapter) in own.enumerated() {
                    let run = RunFiles(
                        path: workspace("all-\(ranks ?? 0)/finetune/\(index + 1)"))
                    #expect(try run.adapter(6) == adapter, "\(ranks ?? 0) ranks, \(keys[index])")
                }
            }
        }

        @Test func allWeightsLearnPackedConversations() async throws {
            let workspace = try await Workspace.withBase()
            let keys = "finetune.trained=all finetune.packing=true "
            let alone = try await workspace.finetune("alone", keys)
            let run = try await workspace.finetune("run", keys, ranks: 3)
            #expect(try run.weights(6) == alone.weights(6))
            let unpacked = try await workspace.finetune("unpacked", "finetune.trained=all")
            #expect(try unpacked.weights(6) != alone.weights(6))
            let chat = try await workspace.succeed(
                "generate --model run/finetune/checkpoints/latest --chat --prompt king "
                    + "--maximum-tokens 5")
            #expect(!chat.output.isEmpty)
        }
    }
}

extension Sequence {
    func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result]
    {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
