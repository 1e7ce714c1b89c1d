import Collectives
import Foundation
import JSON
import Models
import Testing
import TinyTrainings

/// Parameters whose gradients are complete before the last micro-batch of a lane, or stay 0.
@Suite struct LateGradientTests {
    /// Lanes are added in another order: a few units in the last of 24 bits.
    private static let tolerance = 1e-5

    /// Where each micro-batch is a lane of its own, none waits for another.
    @Test func theyAddUpAsWhereEachMicroBatchIsALane() throws {
        let (late, plain) = (try firstStep(laneCount: 4), try firstStep(laneCount: 8))
        for key in ["loss", "gradient_norm"] {
            let (value, wanted) = (
                try #require(late[key]?.double), try #require(plain[key]?.double)
            )
            #expect(wanted > 0 && abs(value - wanted) <= Self.tolerance * wanted, "\(key)")
        }
    }

    /// The line of a step over three buckets, of which the last is ready during the backward pass.
    private func firstStep(laneCount: Int) throws -> JSONValue {
        var training = try TinyTraining(embeddingSize: 128, layerCount: 3)
        (training.batchSize, training.microBatchSize, training.laneCount) = (8, 1, laneCount)
        let list = training.model.parameters
        let buckets = GradientBuckets(
            parameterCount: list.layout.trainedCount, hosts: .apart(worldSize: 1))
        #expect(buckets.count == 3)
        let lastOnes = list.trained.filter { $0.range.overlaps(buckets[2].range) }
        #expect(lastOnes.count <= 6, "the shortcut reaches the whole last bucket")

        _ = try training.train(
            on: ShortcutObjective(model: training.model), steps: 1, maximumSkippedSteps: 0)
        let line = try training.folder.text("metrics.jsonl").prefix { $0 != "\n" }
        return try JSONValue(parsing: Array(line.utf8), at: "metrics.jsonl")
    }
}
