import Synchronization

/// Memory of which each rank gives a part and which all ranks of its node read and write.
///
/// It lives until `release`, which each rank calls for itself.
package final class SharedMemory {
    /// The ranks that see each other's parts.
    package let hosts: HostMap
    /// Each rank's part, aligned and zero at first; empty for the ranks of other nodes.
    package let parts: [UnsafeMutableRawBufferPointer]
    private var segment: SharedSegment?

    /// Bytes at whose multiples parts begin, and at least that of any vector.
    package static let alignment = 64

    /// - Parameter ranges: each rank's part of the segment; empty for the ranks of other nodes.
    init(_ segment: SharedSegment, _ ranges: [Range<Int>], hosts: HostMap) {
        self.segment = segment
        self.hosts = hosts
        parts = ranges.map { range in
            range.isEmpty
                ? UnsafeMutableRawBufferPointer(start: nil, count: 0)
                : UnsafeMutableRawBufferPointer(rebasing: segment.bytes[range])
        }
    }

    /// Makes writes visible: call it after writing, before another rank hears of it, and on that
    /// rank before reading.
    package func synchronize() throws {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Releases the memory in this process; afterwards it does not use it.
    package func release() throws { segment = nil }
}

/// Memory that the ranks of each node share, or why there is none; the same on all ranks.
package enum SharedMemoryOutcome {
    case shared(SharedMemory)
    case unavailable(reason: String)
}
