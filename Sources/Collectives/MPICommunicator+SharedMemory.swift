import CMPI
import Foundation

extension MPICommunicator {
    package func shareMemory(byteCount: Int) throws -> SharedMemoryOutcome {
        try shareMemory(byteCount: byteCount, on: hosts)
    }

    /// Shares memory among the ranks of each of `hosts`, which must be on one node: a map of
    /// smaller groups than the real one plays several nodes.
    package func shareMemory(byteCount: Int, on hosts: HostMap) throws -> SharedMemoryOutcome {
        guard hosts.count < worldSize else {
            return .unavailable(reason: "each rank is on a node of its own")
        }
        let asked = byteCount + SharedMemory.overhead(ofRank: rank, on: hosts)
        // Each rank's: bytes wanted, bytes free.
        let facts = try allGather([Int64(asked), Int64(Self.freeByteCount ?? .max)]).map(Int.init)
        for ranks in hosts.ranks {
            let needed = ranks.reduce(0) { $0 + facts[2 * $1] }
            let usable = max(0, (ranks.map { facts[2 * $0 + 1] }.min() ?? 0) - Self.reserve)
            guard needed > usable else { continue }
            let place = Self.folder + (hosts.count > 1 ? " on the node of rank \(ranks[0])" : "")
            return .unavailable(
                reason: "it takes \(needed) bytes of \(place), which has \(usable) to spare")
        }
        return try allocate(asked, on: hosts)
    }

    private func allocate(_ byteCount: Int, on hosts: HostMap) throws -> SharedMemoryOutcome {
        var window: OpaquePointer?
        var isPresent: Int32 = 0
        let status = cmpi_window_create(
            world, Int32(hosts.host(of: rank)), byteCount, &window, &isPresent)
        try check(status, of: "MPI_Win_allocate_shared")
        guard let window else { return .unavailable(reason: "MPI gave no window") }
        let memory = try SharedMemory(window: window, hosts: hosts, rank: rank)
        guard try agreedMaximum(of: isPresent == 0 ? 1 : 0) == 0 else {
            try memory.release()
            return .unavailable(reason: "\(Self.folder) is full")
        }
        return .shared(memory)
    }

    /// The folder in which Linux keeps the memory that processes share.
    private static let folder = "/dev/shm"
    /// Bytes left for the messages of MPI.
    private static let reserve = 32 << 20

    /// The bytes that are free in the folder of shared memory; nil where there is no such folder.
    private static var freeByteCount: Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
