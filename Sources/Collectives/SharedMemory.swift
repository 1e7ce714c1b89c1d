import CMPI

/// Memory of which each rank gives a part and which all ranks, being on one node, read and write.
///
/// It lives until `release`, which all ranks call: a rank that ends in an error must not wait there for
/// the others, so nothing is released by itself.
package final class SharedMemory {
    /// Each rank's part, aligned and zero at first.
    package let parts: [UnsafeMutableRawBufferPointer]
    private var window: OpaquePointer?

    /// Bytes; a part loses at most as many of what its rank asked for.
    package static let alignment = 64

    init(window: OpaquePointer, worldSize: Int) throws {
        self.window = window
        parts = try (0..<worldSize).map { rank in
            var (base, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
            try check(
                cmpi_window_segment(window, Int32(rank), &base, &size), of: "MPI_Win_shared_query")
            // MPI aligns to 8 bytes alone.
            let address = Int(bitPattern: base)
            let skipped = (Self.alignment - address % Self.alignment) % Self.alignment
            let whole = UnsafeMutableRawBufferPointer(start: base, count: size)
            return UnsafeMutableRawBufferPointer(rebasing: whole.dropFirst(skipped))
        }
    }

    /// To be called after writing, before another rank is told, and after being told, before reading.
    package func synchronize() throws {
        try check(cmpi_window_synchronize(window), of: "MPI_Win_sync")
    }

    /// Collective: afterwards nobody uses the memory.
    package func release() throws {
        guard let window else { return }
        self.window = nil
        try check(cmpi_window_free(window), of: "MPI_Win_free")
    }
}

/// Memory that all ranks share, or why there is none; the same on all ranks.
package enum SharedMemoryOutcome {
    case shared(SharedMemory)
    case unavailable(reason: String)
}
