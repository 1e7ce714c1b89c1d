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

    /// Starts MPI; a process can do so once.
    convenience init() throws {
        try check(cmpi_initialize(), of: "MPI_Init_thread")
        var world: OpaquePointer?
        try check(cmpi_world_create(&world), of: "MPI_Comm_dup")
        try self.init(world)
    }

    private init(_ world: OpaquePointer?) throws {
        self.world = world

        var (rank, worldSize, leader) = (Int32(0), Int32(0), Int32(0))
        try check(cmpi_rank(world, &rank), of: "MPI_Comm_rank")
        try check(cmpi_size(world, &worldSize), of: "MPI_Comm_size")
        try check(cmpi_node_leader(world, &leader), of: "MPI_Comm_split_type")
        var leaders = [Int32](repeating: 0, count: Int(worldSize))
        try check(
            cmpi_all_gather(world, &leader, MemoryLayout<Int32>.size, &leaders),
            of: "MPI_Allgather")
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
        _ bytes: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer
    ) throws {
        precondition(
            all.count == worldSize * bytes.count,
            "expected room for \(worldSize) x \(bytes.count) bytes, got \(all.count)")
        try check(
            cmpi_all_gather(world, bytes.baseAddress, bytes.count, all.baseAddress),
            of: "MPI_Allgather")
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
        let tag = Int32(channel % (Int(CMPI_LARGEST_TAG) + 1))
        guard !sends.isEmpty || !receives.isEmpty else { return PendingExchange() }

        var list: OpaquePointer?
        try check(cmpi_requests_create(&list), of: "MPI_Irecv")
        guard let list else { return PendingExchange() }
        // Receives first: what arrives finds its place and is not copied twice.
        for message in receives {
            requirePeer(message.peer, other: true)
            try check(
                cmpi_receive(
                    world, list, message.bytes.baseAddress, message.bytes.count,
                    Int32(message.peer), tag), of: "MPI_Irecv")
        }
        for message in sends {
            requirePeer(message.peer, other: true)
            try check(
                cmpi_send(
                    world, list, message.bytes.baseAddress, message.bytes.count,
                    Int32(message.peer), tag), of: "MPI_Isend")
        }
        return PendingExchange(requests: list)
    }

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
