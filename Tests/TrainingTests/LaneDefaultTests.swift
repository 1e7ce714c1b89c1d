import Testing
import Training

@Suite struct LaneDefaultTests {
    /// Batch, micro-batch, ranks, lanes; by hand.
    private static let cases: [(batch: Int, micro: Int, ranks: Int, lanes: Int)] = [
        // Two lanes of two micro-batches; four would need a third gradient buffer.
        (32, 8, 1, 2), (24, 2, 1, 3),
        // More lanes would make micro-batches smaller, or more of them.
        (8, 8, 1, 1), (12, 8, 1, 1), (24, 5, 1, 1),
        (32, 8, 2, 4), (32, 4, 4, 8), (24, 2, 3, 6),
        // At most 64, unless there are more ranks.
        (1024, 1, 32, 64), (1024, 1, 33, 33), (1024, 1, 64, 64), (1024, 1, 128, 128),
        (1024, 1, 48, 48),
    ]

    @Test(arguments: cases)
    func aNewRunHasRoomToGrowThatCostsNextToNothing(
        batch: Int, micro: Int, ranks: Int, lanes: Int
    ) {
        var options = TrainOptions()
        options.globalBatchSize = batch
        options.microBatchSize = micro
        #expect(options.defaultLaneCount(worldSize: ranks) == lanes)
    }

    /// A batch that the ranks cannot share is refused with their number.
    @Test func ranksThatDoNotDivideTheBatchAreTheLanes() {
        var options = TrainOptions()
        options.globalBatchSize = 4
        #expect(options.defaultLaneCount(worldSize: 3) == 3)
        #expect(options.defaultLaneCount(worldSize: 8) == 8)
    }
}
