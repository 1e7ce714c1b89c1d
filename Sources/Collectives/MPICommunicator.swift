import CMPI

/// The ranks of an MPI job.
///
/// Every MPI error comes back as a thrown `Failure` that names the call and the cause.
package final class MPICommunicator: Communicator {
    package let rank: Int
    package let worldSize: Int
    package let hosts: HostMap

    /// The communicator of all ranks; nil once MPI has been finalized.
    private(set) var world: OpaquePointer?
    private let queue: MessageQueue

    /// Starts MPI; a process can do so once.
    convenience init() throws {
        try check(cmpi_initialize(), of: "MPI_Init_thread")
        var world: OpaquePointer?
        try check(cmpi_world_create(&world), of: "MPI_Comm_dup")
        try self.init(world)
    }

    private init(_ world: OpaquePointer?) throws {
        self.world = world
        queue = try MessageQueue()

        var (rank, worldSize, leader) = (Int32(0), Int32(0), Int32(0))
        try check(cmpi_rank(world, &rank), of: "MPI_Comm_rank")
        try check(cmpi_size(world, &worldSize), of: "MPI_Comm_size")
        try check(cmpi_node_leader(world, &leader), of: "MPI_Comm_split_type")
        var leaders = [Int32](repeating: 0, count: Int(worldSize))
        let sizes = leaders.map { _ in MemoryLayout<Int32>.size }
        try check(cmpi_all_gather(world, &leader, sizes, &leaders), of: "MPI_Allgather")
        hosts = HostMap(labels: leaders.map(Int.init))
        (self.rank, self.worldSize) = (Int(rank), Int(worldSize))
    }

    /// The part lives until the end of the program.
    package func split(color: Int) throws -> any Communicator {
        var part: OpaquePointer?
        try check(cmpi_world_split(world, Int32(color), &part), of: "MPI_Comm_split")
        return try MPICommunicator(part)
    }

    package func barrier() throws {
        try check(cmpi_barrier(world), of: "MPI_Barrier")
    }

    package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        requirePeer(root)
        try check(
            cmpi_broadcast(world, bytes.baseAddress, bytes.count, Int32(root)), of: "MPI_Bcast")
    }

    package func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) throws {
        precondition(
            counts.count == worldSize && counts[rank] == bytes.count,
            "expected the counts of \(worldSize) ranks, \(bytes.count) of this one, got \(counts)")
        precondition(all.count == counts.reduce(0, +), "expected room for the bytes of all ranks")
        try check(
            cmpi_all_gather(world, bytes.baseAddress, counts, all.baseAddress),
            of: "MPI_Allgatherv")
    }

    package func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction
    ) throws {
        let operation =
            switch reduction {
            case .minimum: CMPI_MINIMUM
            case .maximum: CMPI_MAXIMUM
            case .sum: CMPI_SUM
            }
        try values.withMemoryRebound(to: CLongLong.self) {
            try check(
                cmpi_all_reduce_integer(world, $0.baseAddress, $0.count, operation),
                of: "MPI_Allreduce")
        }
    }

    package func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) throws {
        try check(
            cmpi_all_reduce_double(world, values.baseAddress, values.count), of: "MPI_Allreduce")
    }

    /// MPI_Allreduce: replaces `values` on every rank by their sum. Only a yardstick: its order of
    /// additions, and so the bits, are the library's.
    package func sumByLibrary(_ values: UnsafeMutableBufferPointer<Float>) throws {
        try check(
            cmpi_all_reduce_float(world, values.baseAddress, values.count), of: "MPI_Allreduce")
    }

    package func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) throws -> PendingExchange {
        for peer in receives.map(\.peer) + sends.map(\.peer) { requirePeer(peer, other: true) }
        let tag = Int32(channel % (Int(CMPI_LARGEST_TAG) + 1))
        let messages = try queue.start(sends: sends, receives: receives, tag: tag, over: world)
        return messages.map(PendingExchange.init(awaiting:)) ?? PendingExchange()
    }

    package func drive() throws { try queue.drive() }

    /// Limits the bytes of the pieces in which long messages travel, for tests: a message of 1 GB is
    /// too long for them.
    package static func limitPieces(to size: Int) { cmpi_limit_pieces(size) }

    package func abort(exitCode: Int32) -> Never {
        cmpi_abort(exitCode)
        preconditionFailure("MPI_Abort returned")
    }

    /// Ends MPI, at the end of the program; calling it again does nothing.
    func finalize() throws {
        guard let world else { return }
        self.world = nil
        try check(cmpi_finalize(world), of: "MPI_Finalize")
    }

    private func requirePeer(_ peer: Int, other: Bool = false) {
        precondition(
            (0..<worldSize).contains(peer) && !(other && peer == rank),
            "expected a peer of rank \(rank) in 0..<\(worldSize), got \(peer)")
    }
}
