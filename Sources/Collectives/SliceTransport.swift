/// How each rank's slice of a bucket comes to it from all ranks, and how the sum goes back.
///
/// All ranks start the same buckets, each rank in its own order.
package protocol SliceTransport: AnyObject {
    /// Starts to bring this rank's slice of all nodes here; `nodes` are this rank's nodes, each the
    /// whole flat list, of which the bucket's range stays unchanged until `release`.
    func start(_ bucket: GradientBucket, nodes: [GradientBuffer]) throws -> PendingExchange

    /// This rank's slice of every node, in the order of the tree; they may be overwritten. Called
    /// once the exchange has ended.
    func arrivedNodes(of bucket: GradientBucket) throws -> [GradientBuffer]

    /// The nodes have been added, and the sum stands in the buffer of this rank's first node.
    func release(_ bucket: GradientBucket)

    /// Starts to complete `bucket` in `sum`, the buffer of this rank's first node.
    func startGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws -> PendingExchange

    /// Called once the exchange of `startGather` has ended; then all slices stand in `sum`.
    func completeGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws
}

extension GradientBucket {
    /// The channel on which nodes travel to the owners of the slices.
    var reductionChannel: Int { 1 + 2 * index }
    /// The channel on which slices travel from their owners.
    package var gatherChannel: Int { 2 + 2 * index }

    /// The slices in bytes of the flat list.
    package func byteSlices<Element>(of type: Element.Type) -> [Range<Int>] {
        let size = MemoryLayout<Element>.stride
        return slices.map { $0.lowerBound * size..<$0.upperBound * size }
    }
}
