/// A communicator whose calls leave a trace on a progress board; what is above it does not know.
package final class WatchedCommunicator: Communicator {
    private let base: any Communicator
    private let board: ProgressBoard

    package init(_ base: any Communicator, board: ProgressBoard) {
        self.base = base
        self.board = board
    }

    package var rank: Int { base.rank }
    package var worldSize: Int { base.worldSize }
    package var hosts: HostMap { base.hosts }

    package func barrier() throws {
        try board.meeting("barrier") { try base.barrier() }
    }

    package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try board.meeting("broadcast") { try base.broadcast(bytes, from: root) }
    }

    package func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) throws {
        try board.meeting("allGather") { try base.allGather(bytes, counts: counts, into: all) }
    }

    package func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction
    ) throws {
        try board.meeting("allReduce") { try base.allReduce(values, reduction) }
    }

    package func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) throws {
        try board.meeting("allReduce") { try base.allReduceDisjoint(values) }
    }

    package func drive() throws { try base.drive() }

    package func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) throws -> PendingExchange {
        let exchange = try board.during("exchange") {
            try base.exchange(on: channel, sends: sends, receives: receives)
        }
        exchange.board = board
        return exchange
    }

    package func shareMemory(byteCount: Int) throws -> SharedMemoryOutcome {
        try board.during("shareMemory") { try base.shareMemory(byteCount: byteCount) }
    }

    package func split(color: Int) throws -> any Communicator {
        let part = try board.during("split") { try base.split(color: color) }
        return WatchedCommunicator(part, board: board)
    }

    package func abort(exitCode: Int32) -> Never { base.abort(exitCode: exitCode) }
}
