import CMPI

/// Memory of which each rank gives a part and which all ranks of its node read and write.
///
/// It lives until `release`, which all ranks call: a rank that ends in an error must not wait there for
/// the others, so nothing is released by itself.
package final class SharedMemory {
    /// The ranks that see each other's parts.
    package let hosts: HostMap
    /// Each rank's part, aligned and zero at first; empty for the ranks of other nodes.
    package let parts: [UnsafeMutableRawBufferPointer]
    private var window: OpaquePointer?

    /// Bytes; a part loses at most as many of what its rank asked for.
    package static let alignment = 64

    /// - Parameter rank: this process's, whose node's memory it is.
    init(window: OpaquePointer, hosts: HostMap, rank: Int) throws {
        self.window = window
        self.hosts = hosts
        parts = try (0..<hosts.worldSize).map { peer in
            var (base, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
            guard hosts.host(of: peer) == hosts.host(of: rank) else {
                return UnsafeMutableRawBufferPointer(start: nil, count: 0)
            }
            try check(
                cmpi_window_segment(window, Int32(hosts.localRank(of: peer)), &base, &size),
                of: "MPI_Win_shared_query")
            // MPI aligns to 8 bytes alone.
            let address = Int(bitPattern: base)
            let skipped = (Self.alignment - address % Self.alignment) % Self.alignment
            let whole = UnsafeMutableRawBufferPointer(start: base, count: size)
            return UnsafeMutableRawBufferPointer(rebasing: whole.dropFirst(skipped))
        }
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
