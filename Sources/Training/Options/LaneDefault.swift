import Collectives

extension TrainOptions {
    /// The most lanes of a new run: above it a rank of a usual batch has too little to compute.
    private static let mostLanes = 64

    /// The lanes of a new run on `worldSize` ranks whose recipe names none: room to grow that costs
    /// next to nothing.
    ///
    /// The most lanes, up to 64, that divide the batch, leave the micro-batches as large and as few as
    /// one lane a rank would, and cost a rank at most one more gradient buffer; else one lane a rank.
    package func defaultLaneCount(worldSize: Int) -> Int {
        let largest = min(globalBatchSize, max(worldSize, Self.mostLanes))
        let found = (worldSize...max(worldSize, largest)).last { laneCount in
            laneCount == worldSize
                || globalBatchSize.isMultiple(of: laneCount)
                    && keepsMicroBatches(laneCount, worldSize: worldSize)
                    && Self.bufferCount(laneCount, worldSize: worldSize) <= 2
        }
        return found ?? worldSize
    }

    private func keepsMicroBatches(_ laneCount: Int, worldSize: Int) -> Bool {
        func microBatches(_ laneCount: Int) -> (size: Int, count: Int) {
            let laneSize = globalBatchSize / laneCount
            return (
                min(microBatchSize, laneSize),
                laneCount * ((laneSize + microBatchSize - 1) / microBatchSize)
            )
        }
        guard globalBatchSize.isMultiple(of: worldSize) else { return false }
        let (now, then) = (microBatches(worldSize), microBatches(laneCount))
        return then.size == now.size && then.count <= now.count
    }

    /// The gradient buffers of the rank that has the most.
    private static func bufferCount(_ laneCount: Int, worldSize: Int) -> Int {
        let tree = LaneTree(laneCount: laneCount)
        return (0..<worldSize).reduce(0) { most, rank in
            guard let lanes = try? tree.lanes(ofRank: rank, worldSize: worldSize) else {
                return .max
            }
            return max(most, LaneAccumulator.bufferCount(for: lanes, in: tree))
        }
    }
}
