import CMPI
import Diagnostics

/// Memory of which each rank gives a part and which all ranks of its node read and write.
///
/// It lives until `release`, which all ranks call: a rank that ends in an error must not wait there for
/// the others, so nothing is released by itself.
package final class SharedMemory {
    /// The ranks that see each other's parts.
    package let hosts: HostMap
    /// Each rank's part, aligned and zero at first; empty for the ranks of other nodes.
    package let parts: [UnsafeMutableRawBufferPointer]
    /// Counters of this rank's host, see `HostSignals`; they lie before its first rank's part.
    let counters: UnsafeMutablePointer<UInt32>
    /// What this rank awaits of each counter.
    var awaited = Array(repeating: UInt32(0), count: SharedMemory.counterCount)
    private var window: OpaquePointer?

    /// Bytes; a part loses at most as many of what its rank asked for.
    package static let alignment = 64
    /// Room for 65,000 buckets, of which each takes two.
    static let counterCount = 1 << 17

    /// Bytes that a rank asks for besides its part.
    static func overhead(ofRank rank: Int, on hosts: HostMap) -> Int {
        alignment
            + (hosts.localRank(of: rank) == 0 ? counterCount * MemoryLayout<UInt32>.stride : 0)
    }

    /// - Parameter rank: this process's, whose node's memory it is.
    init(window: OpaquePointer, hosts: HostMap, rank: Int) throws {
        self.window = window
        self.hosts = hosts
        let neighbours = hosts.neighbours(of: rank)
        let whole = try neighbours.indices.map { try Self.segment(Int32($0), of: window) }
        let counterSize = Self.counterCount * MemoryLayout<UInt32>.stride
        guard let counters = whole[0].baseAddress else {
            throw Failure("MPI failed", got: "a window without memory", at: "MPI_Win_shared_query")
        }
        self.counters = counters.bindMemory(to: UInt32.self, capacity: Self.counterCount)
        var parts = Array(
            repeating: UnsafeMutableRawBufferPointer(start: nil, count: 0), count: hosts.worldSize)
        for (peer, segment) in zip(neighbours, whole) {
            parts[peer] =
                peer == neighbours[0]
                ? UnsafeMutableRawBufferPointer(rebasing: segment.dropFirst(counterSize)) : segment
        }
        self.parts = parts
    }

    /// The memory of a rank of the host, from the first aligned byte on.
    private static func segment(
        _ localRank: Int32, of window: OpaquePointer
    ) throws -> UnsafeMutableRawBufferPointer {
        var (base, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
        try check(
            cmpi_window_segment(window, localRank, &base, &size), of: "MPI_Win_shared_query")
        // MPI aligns to 8 bytes alone.
        let address = Int(bitPattern: base)
        let skipped = (alignment - address % alignment) % alignment
        let whole = UnsafeMutableRawBufferPointer(start: base, count: size)
        return UnsafeMutableRawBufferPointer(rebasing: whole.dropFirst(skipped))
    }

    /// Makes writes visible: call it after writing, before another rank hears of it, and on that
    /// rank before reading.
    package func synchronize() throws {
        try check(cmpi_window_synchronize(window), of: "MPI_Win_sync")
    }

    /// Releases the memory; afterwards nobody uses it. Collective.
    package func release() throws {
        guard let window else { return }
        self.window = nil
        try check(cmpi_window_free(window), of: "MPI_Win_free")
    }
}

/// Memory that the ranks of each node share, or why there is none; the same on all ranks.
package enum SharedMemoryOutcome {
    case shared(SharedMemory)
    case unavailable(reason: String)
}
