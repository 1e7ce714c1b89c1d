import Collectives
import Models

extension TrainingSize {
    /// Complete buckets that may be under way in the ring when a block begins, on one node and on several,
    /// where messages take their time.
    private static let (slack, slackOfNodes) = (1, 4)

    /// The ring in which the ranks keep the gradients of blocks; nil where all gradients have memory of
    /// their own.
    ///
    /// It takes one copy of the optimizer's state, memory that the ranks of a node share, and one backward
    /// pass a rank and step: what several passes add up is there until the last one. It is chosen where
    /// it takes less memory, since activations are kept where gradients have memory of their own.
    package var gradientRing: GradientRing? {
        guard sharesMemory, isSharded, laneCount == worldSize,
            train.globalBatchSize <= train.microBatchSize * laneCount
        else { return nil }
        let trainedCount = plan.layout(of: model).trainedCount
        let ring = GradientRing(
            blocks: plan.blocks(of: model),
            of: GradientBuckets(parameterCount: trainedCount, hosts: hosts),
            slack: hosts.count > 1 ? Self.slackOfNodes : Self.slack,
            // A bucket may have a part of a matrix alone.
            keepsSums: limitsNorm || train.maximumSkippedSteps > 0 || optimizer == .muon)
        guard let ring, isSmaller(ring, trainedCount) else { return nil }
        return ring
    }

    var ringStorage: RingStorage? {
        gradientRing.map { ring in
            let trainedCount = plan.layout(of: model).trainedCount
            return RingStorage(
                ring: ring,
                buckets: GradientBuckets(parameterCount: trainedCount, hosts: hosts))
        }
    }

    /// Whether all ranks together take less with `ring` than without.
    private func isSmaller(_ ring: GradientRing, _ trainedCount: Int) -> Bool {
        let own = ring.size + trainedCount - ring.range.count
        let sums = ring.keepsSums ? ring.range.count : 0
        func total(_ elements: Int, _ ring: GradientRing?) -> Int {
            Self.floatSize * elements
                + worldSize * activations(trainedCount: trainedCount, ring: ring)
        }
        return total(worldSize * own + sums, ring) < total(worldSize * trainedCount, nil)
    }
}
