import Models
import Testing

extension Jobs {
    /// Each family has the guarantees of a run, by the smallest of its sizes.
    @Suite struct FamilyRunTests {
        /// The sizes of the preset; sequences longer than the windows of those that have some.
        static let keys =
            "model.layer_count=null model.head_count=null model.embedding_size=null "
            + "model.context_length=null train.sequence_length=48 train.global_batch_size=8 "
            + "train.lanes=4 train.steps=4 checkpoint.every_steps=2 evaluate.every_steps=4 "

        @Test(arguments: Architecture.all.map(\.name))
        func runsHaveTheSameBitsOnAnyRanksAndAfterAResume(_ family: String) async throws {
            let sizes = ModelPreset.allCases.map { ($0, $0.configuration(vocabularySize: 1)) }
                .filter { $0.1.architecture.name == family }
            let preset = try #require(
                sizes.min { $0.1.embeddingSize < $1.1.embeddingSize }?.0)
            let keys = Self.keys + "model.preset=\(preset.rawValue) "
            let workspace = try await Workspace.prepared()
            let alone = try await workspace.pretrain("alone", keys)
            let losses = try alone.losses()
            #expect(losses.count == 4 && losses.allSatisfy { $0.isFinite })
            let two = try await workspace.pretrain(
                "two", keys + "train.threads_per_rank=2", ranks: 2)
            try await workspace.pretrain("part", keys + "train.stop_after_steps=2", ranks: 2)
            let part = try await workspace.pretrain("part", keys + "--resume")
            for run in [two, part] {
                #expect(try run.weights(4) == alone.weights(4))
                #expect(try run.moments(4) == alone.moments(4))
                #expect(try run.steps() == alone.steps())
            }
        }
    }
}
