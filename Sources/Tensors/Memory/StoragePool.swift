import Diagnostics
import Foundation
import Synchronization

/// Blocks of memory that are given back and used again, so that a training step after the first
/// asks the system for nothing and touches no new page.
///
/// Sizes are rounded up to one of eight steps for each power of two (at most 12.5 % is lost), so that
/// tensors of nearly the same size share blocks. Blocks are 64-byte aligned; from 2 MiB on they are
/// mappings of their own, aligned to, and advised to use, huge pages.
///
/// Steps of other lengths want blocks of other sizes. Where the pool would hold more than one and a half
/// times what was ever in use at once, the free blocks whose size was longest not wanted go back to the system.
package final class StoragePool: Sendable {
    fileprivate struct State {
        var free: [Int: [UInt]] = [:]
        /// The number of the take that last wanted a block of a size.
        var lastTakes: [Int: Int] = [:]
        var takeCount = 0
        var allocatedBytes = 0
        var usedBytes = 0
        var mostUsedBytes = 0
    }

    private let state = Mutex(State())

    private static let alignment = 64
    private static let hugePage = 2 << 20

    package init() {}

    deinit {
        state.withLock { state in
            for (capacity, addresses) in state.free {
                for address in addresses { Self.release(address, capacity: capacity) }
            }
        }
    }

    /// Bytes that the pool holds, in use or not.
    package var allocatedBytes: Int { state.withLock { $0.allocatedBytes } }

    func take(byteCount: Int) -> (pointer: UnsafeMutableRawPointer, capacity: Int) {
        let capacity = Self.capacity(for: byteCount)
        let (reused, spare) = state.withLock { $0.take(capacity) }
        for block in spare { Self.release(block.address, capacity: block.capacity) }
        if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) {
            return (pointer, capacity)
        }
        return (Self.allocate(capacity), capacity)
    }

    func giveBack(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
        state.withLock { state in
            state.usedBytes -= capacity
            state.free[capacity, default: []].append(UInt(bitPattern: pointer))
        }
    }

    private static func capacity(for byteCount: Int) -> Int {
        let size = max(byteCount, 512)
        let step = (1 << (Int.bitWidth - 1 - (size - 1).leadingZeroBitCount)) / 8
        return (size + step - 1) / step * step
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
        guard capacity < hugePage else { return map(capacity) }
        var pointer: UnsafeMutableRawPointer?
        let status = posix_memalign(&pointer, alignment, capacity)
        guard status == 0, let pointer else { outOfMemory(capacity) }
        return pointer
    }

    /// Takes memory from the system, not from malloc, which after some large buffers of libraries
    /// takes blocks of all sizes from one heap, where the gaps between aligned ones stay: 90 MB of
    /// them in training GPT-2 124M.
    private static func map(_ capacity: Int) -> UnsafeMutableRawPointer {
        let room = mmap(
            nil, capacity + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let room, room != MAP_FAILED else { outOfMemory(capacity) }
        let start = room.alignedUp(toMultipleOf: hugePage)
        let head = start - room
        if head > 0 { munmap(room, head) }
        munmap(start + capacity, hugePage - head)
        #if os(Linux)
            madvise(start, capacity, MADV_HUGEPAGE)
        #endif
        return start
    }

    private static func release(_ address: UInt, capacity: Int) {
        guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else { return }
        if capacity < hugePage { free(pointer) } else { munmap(pointer, capacity) }
    }

    private static func outOfMemory(_ capacity: Int) -> Never {
        // Operations do not throw: what they need is checked before a run starts, as far as it is known.
        Failure(
            "memory ran out", expected: "\(Quantity.bytes(capacity)) more",
            got: String(cString: strerror(ENOMEM)),
            remedy: FailureText(
                "lower \(key: "train.micro_batch_size"), use a smaller model or shorter texts, end other "
            )
                + "programs, or raise the limit (ulimit -v)"
        ).endProcess()
    }
}

extension StoragePool.State {
    /// Below this the pool keeps all that it has.
    private static let leastLimit = 64 << 20

    /// A free block of a size, or else the blocks that another one of it leaves no room for.
    fileprivate mutating func take(
        _ capacity: Int
    ) -> (reused: UInt?, spare: [(address: UInt, capacity: Int)]) {
        takeCount += 1
        lastTakes[capacity] = takeCount
        usedBytes += capacity
        mostUsedBytes = max(mostUsedBytes, usedBytes)
        if let address = free[capacity]?.popLast() { return (address, []) }
        allocatedBytes += capacity
        var spare: [(address: UInt, capacity: Int)] = []
        let limit = max(Self.leastLimit, mostUsedBytes + mostUsedBytes / 2)
        while allocatedBytes > limit, let size = longestUnwanted,
            let address = free[size]?.popLast()
        {
            allocatedBytes -= size
            spare.append((address, size))
        }
        return (nil, spare)
    }

    private var longestUnwanted: Int? {
        free.filter { !$0.value.isEmpty }.keys.min {
            lastTakes[$0, default: 0] < lastTakes[$1, default: 0]
        }
    }
}
