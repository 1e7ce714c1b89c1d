import Collectives

/// The ranks of one node, which play the ranks of several.
final class PlayedHosts: Communicator {
    private let base: MPICommunicator
    let hosts: HostMap

    init(_ base: MPICommunicator, hosts: HostMap) {
        (self.base, self.hosts) = (base, hosts)
    }

    var rank: Int { base.rank }
    var worldSize: Int { base.worldSize }

    func barrier() throws { try base.barrier() }

    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try base.broadcast(bytes, from: root)
    }

    func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) throws {
        try base.allGather(bytes, counts: counts, into: all)
    }

    func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction
    ) throws {
        try base.allReduce(values, reduction)
    }

    func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) throws {
        try base.allReduceDisjoint(values)
    }

    func drive() throws { try base.drive() }

    func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) throws -> PendingExchange {
        try base.exchange(on: channel, sends: sends, receives: receives)
    }

    func shareMemory(byteCount: Int) throws -> SharedMemoryOutcome {
        try base.shareMemory(byteCount: byteCount, on: hosts)
    }

    func split(color: Int) throws -> any Communicator { try base.split(color: color) }

    func abort(exitCode: Int32) -> Never { base.abort(exitCode: exitCode) }
}
