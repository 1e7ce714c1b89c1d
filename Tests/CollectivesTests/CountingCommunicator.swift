import Collectives

/// One rank of a world of any size that counts what it sends and receives; nothing arrives.
final class CountingCommunicator: Communicator {
    /// Messages and bytes.
    struct Traffic: Equatable {
        var messages = 0
        var bytes = 0

        mutating func add(_ count: Int) {
            messages += 1
            bytes += count
        }
    }

    let rank: Int
    let worldSize: Int
    let hosts: HostMap
    private(set) var sent = Traffic()
    private(set) var received = Traffic()
    /// Of collective calls, as an MPI sends them along a tree.
    private(set) var collective = Traffic()
    /// The ranks with which messages were exchanged.
    private(set) var peers: Set<Int> = []

    init(rank: Int, hosts: HostMap) {
        (self.rank, worldSize, self.hosts) = (rank, hosts.worldSize, hosts)
    }

    /// Doubling distances reach all ranks.
    private var rounds: Int {
        (0...).first { 1 << $0 >= worldSize } ?? 0
    }

    func barrier() { for _ in 0..<rounds { collective.add(0) } }

    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
        for _ in 0..<rounds { collective.add(bytes.count) }
    }

    func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) {
        for round in 0..<rounds { collective.add(min(1 << round, worldSize) * bytes.count) }
    }

    func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction
    ) { for _ in 0..<rounds { collective.add(8 * values.count) } }

    /// A half, a quarter, ... of the numbers, and back (Rabenseifner).
    func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) {
        for round in 1...max(1, rounds) where rounds > 0 {
            collective.add(8 * values.count >> round)
            collective.add(8 * values.count >> round)
        }
    }

    func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) -> PendingExchange {
        for message in sends {
            sent.add(message.bytes.count)
            peers.insert(message.peer)
        }
        for message in receives {
            received.add(message.bytes.count)
            peers.insert(message.peer)
        }
        return PendingExchange()
    }

    func drive() {}

    func shareMemory(byteCount: Int) -> SharedMemoryOutcome { .unavailable(reason: "a test") }

    func split(color: Int) -> any Communicator { self }

    func abort(exitCode: Int32) -> Never { preconditionFailure("exit code \(exitCode)") }
}
