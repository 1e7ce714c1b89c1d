/// The ranks of a run and the ways in which they talk, for one rank or many.
///
/// Every member except `abort` and `drive` is collective: all ranks call it, in the same order, with arguments
/// that fit each other. One thread at a time may call. `SingleProcess` is the communicator of a
/// program that was started without a launcher; code above this protocol does not know which of
/// the two it has.
package protocol Communicator: AnyObject {
    /// This process's number, from 0.
    var rank: Int { get }
    var worldSize: Int { get }
    /// Which ranks are on one node.
    var hosts: HostMap { get }

    /// Returns once every rank has called it.
    func barrier() throws

    /// Replaces `bytes` on every rank by those of `root`; the size is the same on all ranks.
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws

    /// Writes the `bytes` of every rank, in rank order, into `all`.
    ///
    /// - Parameter counts: the number of bytes of each rank, the same list on all of them.
    func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) throws

    /// Reduces each number over the ranks; there are as many on all of them.
    func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction) throws

    /// Gives all ranks the numbers that some have: of each, at most one rank has another value than 0.
    func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) throws

    /// Starts sending and receiving messages of any size, without waiting.
    ///
    /// All ranks start the exchanges of one channel, a number from 0, in the same order; those of
    /// other channels may come between, in another order on each rank. Several may be under way.
    /// Two ranks' messages to each other meet in the order of the lists, and the sizes must agree.
    /// A rank sends nothing to itself. The memory stays valid, the sent bytes unchanged and the
    /// received ones untouched, until the exchange has been waited for.
    func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) throws -> PendingExchange

    /// Drives all exchanges on that are under way, without waiting; not collective.
    func drive() throws

    /// Makes memory of which each rank gives `byteCount` bytes and which the ranks of its node see.
    func shareMemory(byteCount: Int) throws -> SharedMemoryOutcome

    /// The ranks that name the same color, in their order, as a world of their own.
    func split(color: Int) throws -> any Communicator

    /// Ends all ranks at once with `exitCode`; called by any rank, at any time.
    func abort(exitCode: Int32) -> Never
}

extension Communicator {
    /// The rank among the processes of the same node, from 0.
    package var localRank: Int { hosts.localRank(of: rank) }

    /// An exchange on channel 0, that of all exchanges which follow each other on every rank.
    package func exchange(
        sends: [MessageToSend], receives: [MessageToReceive]
    ) throws -> PendingExchange {
        try exchange(on: 0, sends: sends, receives: receives)
    }
}

/// Bytes for `peer`.
package struct MessageToSend {
    package var peer: Int
    package var bytes: UnsafeRawBufferPointer

    package init(to peer: Int, _ bytes: UnsafeRawBufferPointer) {
        self.peer = peer
        self.bytes = bytes
    }
}

/// The peer from which bytes come, and the memory to which they go.
package struct MessageToReceive {
    package var peer: Int
    package var bytes: UnsafeMutableRawBufferPointer

    package init(from peer: Int, _ bytes: UnsafeMutableRawBufferPointer) {
        self.peer = peer
        self.bytes = bytes
    }
}
