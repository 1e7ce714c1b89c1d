import Tensors

extension TrainingSize {
    /// The bytes of a rank for outer steps beside the weights that the islands have in common: the
    /// momentum of what the rank owns on its island, and its part of a fragment under way, as floats, as
    /// it travels, and as the other islands send what this one adds.
    func outerNeed(_ layout: ParameterLayout) -> Int {
        let owned = layout.trainedCount / worldSize
        let fragment = owned / outer.fragmentCount
        let travelling = outer.format.byteCount(of: fragment)
        let received = travelling * (train.islands - 1) / train.islands
        return Self.floatSize * (owned + fragment) + travelling + received
    }

    /// What a rank copies of a checkpoint: of the weights in common its share among all ranks, and among
    /// those of its island its shares of the island's own weights and moments; on the first island also
    /// of the outer momentum.
    func islandCopy(_ layout: ParameterLayout, weights: Int, rank: Int) -> Int {
        let shares = BlockShares(sizes: [weights], worldSize: worldSize * train.islands)
        let values = Self.floatSize * layout.trainedCount
        let own = values + stateSize(layout, isStored: true) + (island == 0 ? values : 0)
        return shares.byteCount(ofRank: island * worldSize + rank) + own / worldSize
    }

    /// The bytes of outer steps that leave a node of the island in a step, on average; as many come.
    func outerTraffic(ofNode host: Int) -> Int {
        guard train.islands > 1 else { return 0 }
        let layout = plan.layout(of: model)
        let period = OuterOptimizer.bytesInPeriod(outer, layout, islandCount: train.islands)
        let away = train.islands - islandsHere.count
        let node = period * hosts.ranks[host].count / worldSize * islandsHere.count
        return node * away / (train.islands - 1) / outer.everySteps
    }
}
