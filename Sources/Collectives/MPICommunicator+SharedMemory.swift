import CMPI
import Foundation

extension MPICommunicator {
    package func shareMemory(byteCount: Int) throws -> SharedMemoryOutcome {
        var nodeSize: Int32 = 0
        try check(cmpi_node_size(world, &nodeSize), of: "MPI_Comm_split_type")
        let asked = byteCount + SharedMemory.alignment
        // Each rank's: ranks of its node, bytes wanted, bytes free.
        let facts = try allGather(
            [Int64(nodeSize), Int64(asked), Int64(Self.freeByteCount ?? .max)])
        func column(_ index: Int) -> [Int] {
            stride(from: index, to: facts.count, by: 3).map { Int(facts[$0]) }
        }

        guard column(0).allSatisfy({ $0 == worldSize }) else {
            return .unavailable(reason: "the ranks are on several nodes")
        }
        let needed = column(1).reduce(0, +)
        let usable = max(0, (column(2).min() ?? 0) - Self.reserve)
        guard needed <= usable else {
            return .unavailable(
                reason: "it takes \(needed) bytes of \(Self.folder), which has \(usable) to spare")
        }
        return try allocate(asked)
    }

    private func allocate(_ byteCount: Int) throws -> SharedMemoryOutcome {
        var window: OpaquePointer?
        var isPresent: Int32 = 0
        let status = cmpi_window_create(world, byteCount, &window, &isPresent)
        try check(status, of: "MPI_Win_allocate_shared")
        guard let window else { return .unavailable(reason: "MPI gave no window") }
        let memory = try SharedMemory(window: window, worldSize: worldSize)
        guard try agreedMaximum(of: isPresent == 0 ? 1 : 0) == 0 else {
            try memory.release()
            return .unavailable(reason: "\(Self.folder) is full")
        }
        return .shared(memory)
    }

    /// Where Linux keeps the memory that processes share.
    private static let folder = "/dev/shm"
    /// Bytes left for the messages of MPI.
    private static let reserve = 32 << 20

    /// Nil where there is no such folder.
    private static var freeByteCount: Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
