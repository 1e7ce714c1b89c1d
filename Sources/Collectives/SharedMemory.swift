import Synchronization

/// Memory of which each rank gives a part and which all ranks of its node read and write.
///
/// It lives until `release`, which each rank calls for itself.
package final class SharedMemory {
    /// The ranks that see each other's parts.
    package let hosts: HostMap
    /// Each rank's part, aligned and zero at first; empty for the ranks of other nodes.
    package let parts: [UnsafeMutableRawBufferPointer]
    /// Counters of this rank's host, see `HostSignals`; they lie before its first rank's part.
    let counters: UnsafeMutablePointer<UInt32>
    /// What this rank awaits of each counter.
    var awaited = Array(repeating: UInt32(0), count: SharedMemory.counterCount)
    private var segment: SharedSegment?
    private var views: [SharedView] = []

    /// Bytes at whose multiples parts begin, and at least that of any vector.
    package static let alignment = 64
    /// Room for 43,000 buckets, of which each takes three.
    static let counterCount = 1 << 17

    /// Bytes that a rank asks for besides its part.
    static func overhead(ofRank rank: Int, on hosts: HostMap) -> Int {
        hosts.localRank(of: rank) == 0 ? counterSize : 0
    }

    private static let counterSize = counterCount * MemoryLayout<UInt32>.stride

    /// - Parameters:
    ///   - ranges: each rank's part of the segment, and what it asked for besides; empty for the ranks
    ///     of other nodes.
    ///   - rank: this process's, whose node's memory it is.
    init(_ segment: SharedSegment, _ ranges: [Range<Int>], hosts: HostMap, rank: Int) {
        self.segment = segment
        self.hosts = hosts
        let first = hosts.neighbours(of: rank)[0]
        let start = segment.bytes.baseAddress.map { $0 + ranges[first].lowerBound }
        guard let start else { preconditionFailure("a segment without memory") }
        counters = start.bindMemory(to: UInt32.self, capacity: Self.counterCount)
        parts = ranges.enumerated().map { peer, range in
            let own = peer == first ? range.dropFirst(Self.counterSize) : range
            return own.isEmpty
                ? UnsafeMutableRawBufferPointer(start: nil, count: 0)
                : UnsafeMutableRawBufferPointer(rebasing: segment.bytes[own])
        }
    }

    /// Makes writes visible: call it after writing, before another rank hears of it, and on that
    /// rank before reading.
    package func synchronize() throws {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// A piece of a view.
    package enum Piece {
        /// A part of this memory, on pages of its own.
        case memory(UnsafeMutableRawBufferPointer)
        /// Zeros, only to be read, which take no memory.
        case zeros(byteCount: Int)
    }

    /// Makes a list of pieces, one after the other, of which several may be the same memory. It lives
    /// until `release`.
    ///
    /// - Parameter pieces: each but the last of whole pages.
    package func view(_ pieces: [Piece]) throws -> UnsafeMutableRawBufferPointer {
        guard let segment, let base = segment.bytes.baseAddress else {
            preconditionFailure("the memory has been released")
        }
        let view = try SharedView(
            of: segment,
            pieces.map { piece in
                switch piece {
                case .zeros(let count): return .zeros(count)
                case .memory(let bytes):
                    let start = bytes.baseAddress.map {
                        UnsafeRawPointer($0) - UnsafeRawPointer(base)
                    }
                    return .part((start ?? 0)..<(start ?? 0) + bytes.count)
                }
            })
        views.append(view)
        return view.bytes
    }

    /// Releases the memory in this process; afterwards it does not use it.
    package func release() throws {
        views = []
        segment = nil
    }
}

/// Memory that the ranks of each node share, or why there is none; the same on all ranks.
package enum SharedMemoryOutcome {
    case shared(SharedMemory)
    case unavailable(reason: String)
}
