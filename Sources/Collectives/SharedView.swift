import Diagnostics
import Files
import Glibc

/// Parts of a segment that are mapped once more, one after the other: a list that may show the same
/// memory in several places.
final class SharedView {
    let bytes: UnsafeMutableRawBufferPointer

    /// A piece of the list: bytes of the segment, or zeros that are only read and take no memory.
    enum Piece {
        case part(Range<Int>)
        case zeros(Int)

        var byteCount: Int {
            switch self {
            case .part(let range): range.count
            case .zeros(let count): count
            }
        }
    }

    /// - Parameter pieces: each but the last of whole pages; parts begin on pages.
    init(of segment: SharedSegment, _ pieces: [Piece]) throws(Failure) {
        let size = pieces.reduce(0) { $0 + $1.byteCount }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let start = mmap(nil, size, PROT_READ, flags, -1, 0), start != MAP_FAILED else {
            throw Self.failure(errno, segment)
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: size)
        var end = 0
        for piece in pieces {
            if case .part(let range) = piece, !range.isEmpty {
                try Self.map(range, of: segment, at: start + end)
            }
            end += piece.byteCount
        }
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }

    private static func map(
        _ part: Range<Int>, of segment: SharedSegment, at place: UnsafeMutableRawPointer
    ) throws(Failure) {
        let offset = part.lowerBound
        precondition(
            offset % SharedSegment.pageSize == 0
                && Int(bitPattern: place) % SharedSegment.pageSize == 0,
            "expected whole pages, got bytes from \(offset) on")
        let mapped = mmap(
            place, part.count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, segment.descriptor,
            off_t(offset))
        guard mapped != MAP_FAILED else { throw failure(errno, segment) }
    }

    /// The kernel has a limit of the mappings of a process, vm.max_map_count.
    private static func failure(_ code: Int32, _ segment: SharedSegment) -> Failure {
        SystemCall.failure("cannot map a view of shared memory", code: code, at: segment.path)
    }
}
