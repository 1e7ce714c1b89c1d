import Testing

extension Jobs {
    /// Runs whose gradients lie in a ring, against one rank, which has whole lists.
    @Suite struct GradientRingRunTests {
        /// 24 blocks of 200,000 weights; one lane a rank, of one micro-batch of 12 / lanes sequences.
        static let sizes =
            "model.embedding_size=128 model.layer_count=24 train.sequence_length=8 train.steps=4 "
            + "train.global_batch_size=12 train.micro_batch_size=12 checkpoint.every_steps=2 evaluate.every_steps=0 "

        static let note = "the gradients of blocks lie in a ring of "

        @Test(
            arguments: [
                "optimizer.maximum_gradient_norm=0.5",
                "optimizer.maximum_gradient_norm=0 train.recompute=blocks",
                "optimizer.maximum_gradient_norm=0 train.maximum_skipped_steps=0",
                "train.precision=bf16 train.maximum_skipped_steps=0 "
                    + "optimizer.maximum_gradient_norm=0",
                "train.precision=bf16 train.recompute=blocks",
                "model.architecture=llama model.tie_embeddings=false",
            ])
        func checkpointsAreThoseOfWholeLists(keys: String) async throws {
            let workspace = try await Workspace.prepared()
            for ranks in 2...4 {
                let keys = Self.sizes + keys + " train.lanes=\(ranks)"
                let alone = try await workspace.pretrain("alone-\(ranks)", keys)
                let run = try await workspace.pretrain("ring-\(ranks)", keys, ranks: ranks)
                #expect(try log(of: "ring-\(ranks)", workspace).contains(Self.note), "\(keys)")
                try expectEqual(run, alone, "\(ranks) ranks, \(keys)")
            }
        }

        @Test func whatDoesNotFitARingHasWholeLists() async throws {
            let workspace = try await Workspace.prepared()
            for (index, keys) in [
                "train.lanes=4", "train.lanes=2 train.micro_batch_size=5",
                "train.lanes=2 train.optimizer_sharding=none",
                "train.lanes=2 train.node_memory=private",
            ].enumerated() {
                try await workspace.pretrain(
                    "whole-\(index)", Self.sizes + keys + " train.steps=1", ranks: 2)
                #expect(
                    try !log(of: "whole-\(index)", workspace).contains(Self.note), "\(keys)")
            }
        }

        /// From a ring to whole lists, and back to a ring of other ranks.
        @Test func aRunGoesOnWithAndWithoutARing() async throws {
            let workspace = try await Workspace.prepared()
            let keys = Self.sizes + "train.lanes=3 "
            let alone = try await workspace.pretrain("alone", keys)
            for (step, ranks) in [3, 2, 3].enumerated() {
                try await workspace.pretrain(
                    "run",
                    keys + "train.stop_after_steps=\(step + 1)" + (step > 0 ? " --resume" : ""),
                    ranks: ranks)
            }
            let run = try await workspace.pretrain("run", keys + "--resume")
            try expectEqual(run, alone, "resumed")
        }

        private func log(of run: String, _ workspace: Workspace) throws -> String {
            try String(contentsOfFile: workspace("\(run)/log.txt"), encoding: .utf8)
        }

        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, _ comment: Comment,
            sourceLocation location: SourceLocation = #_sourceLocation
        ) throws {
            #expect(try run.weights(4) == reference.weights(4), comment, sourceLocation: location)
            #expect(try run.moments(4) == reference.moments(4), comment, sourceLocation: location)
            #expect(try run.steps() == reference.steps(), comment, sourceLocation: location)
        }
    }
}
