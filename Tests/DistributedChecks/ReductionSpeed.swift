import Collectives
import Diagnostics

/// The time of this program's sum of gradients beside that of MPI_Allreduce, which promises no bits.
struct ReductionSpeed {
    let communicator: any Communicator
    let megabytes: Int

    private static let rounds = 7

    /// Prints the best of some rounds of each, on the slowest rank, and their ratio.
    func run() throws {
        let count = megabytes * 1_000_000 / MemoryLayout<Float>.stride
        let allReduce = try timeAllReduce(count)
        try report("MPI_Allreduce", allReduce, allReduce)
        try report("messages", time(count, hosts: nil), allReduce)
        try report("shared memory", time(count, hosts: communicator.hosts), allReduce)
    }

    private func timeAllReduce(_ count: Int) throws -> Double {
        guard let communicator = communicator as? MPICommunicator else {
            throw Failure("there is no MPI", remedy: "start it with mpirun")
        }
        let buffer = GradientBuffer.allocate(capacity: count)
        buffer.initialize(repeating: 1)
        defer { buffer.deallocate() }
        return try best { try communicator.sumByLibrary(buffer) }
    }

    private func time(_ count: Int, hosts: HostMap?) throws -> Double {
        let tree = LaneTree(laneCount: communicator.worldSize)
        let buckets = GradientBuckets(
            parameterCount: count, hosts: hosts ?? .apart(worldSize: communicator.worldSize))
        let place = try GradientPlace(count, tree, hosts: hosts, over: communicator)
        let reducer = try BucketReducer(
            communicator: communicator, buckets: buckets, tree: tree,
            transport: place.transport(tree, buckets, over: communicator))
        let nodes = place.buffers[communicator.rank]
        nodes[0].initialize(repeating: 1)
        let seconds = try best { try reducer.allReduce(nodes) }
        try place.release()
        return seconds
    }

    private func best(_ body: () throws -> Void) throws -> Double {
        try (0..<Self.rounds).reduce(.infinity) { best, _ in
            try communicator.barrier()
            let time = try ContinuousClock().measure(body) / .seconds(1)
            return min(best, try communicator.allReduce([time], .maximum)[0])
        }
    }

    private func report(_ name: String, _ seconds: Double, _ reference: Double) throws {
        guard communicator.rank == 0 else { return }
        print("\(name): \(megabytes) MB in \(seconds) s, \(seconds / reference) x MPI_Allreduce")
    }
}
