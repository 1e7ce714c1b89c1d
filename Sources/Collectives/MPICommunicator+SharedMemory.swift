import Diagnostics
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
        let facts = try allGather([Int64(asked), Int64(Self.freeByteCount ?? .max)])
            .map(Int.init)
        let sizes = (0..<worldSize).map { facts[2 * $0] }
        for ranks in hosts.ranks {
            let needed = SharedMemoryLayout(sizes, of: ranks).size
            let usable = max(0, (ranks.map { facts[2 * $0 + 1] }.min() ?? 0) - Self.reserve)
            guard needed > usable else { continue }
            let place = Self.folder + (hosts.count > 1 ? " on the node of rank \(ranks[0])" : "")
            return .unavailable(
                reason: "it takes \(needed) bytes of \(place), which has \(usable) to spare")
        }
        return try allocate(
            SharedMemoryLayout(sizes, of: hosts.neighbours(of: rank)), on: hosts)
    }

    /// The first rank of a node makes the file, all map it and reserve their parts.
    private func allocate(
        _ layout: SharedMemoryLayout, on hosts: HostMap
    ) throws -> SharedMemoryOutcome {
        let token = try broadcast([UInt64.random(in: .min ... .max)], from: 0)[0]
        let path =
            "\(Self.folder)/swift-llm-train.\(String(token, radix: 16)).\(hosts.host(of: rank))"
        let isFirst = hosts.localRank(of: rank) == 0
        defer { if isFirst { SharedSegment.remove(path) } }
        var segment: SharedSegment?
        let steps: [() throws -> Void] = [
            { if isFirst { try SharedSegment.create(path, size: layout.size) } },
            { segment = try SharedSegment(mapping: path, size: layout.size) },
            {
                // Nothing is left behind from here on, whatever dies.
                if isFirst { SharedSegment.remove(path) }
                try segment?.reserve(layout.parts[self.rank])
            },
        ]
        for step in steps {
            if let reason = try agreedReason(step) { return .unavailable(reason: reason) }
        }
        guard let segment else { return .unavailable(reason: "no rank has made any") }
        return .shared(SharedMemory(segment, layout.parts, hosts: hosts, rank: rank))
    }

    /// Runs `work` on every rank.
    ///
    /// - Returns: the failure of the lowest rank that failed, as a line; nil where none did.
    private func agreedReason(_ work: () throws -> Void) throws -> String? {
        do {
            try agree(work)
            return nil
        } catch let error as AgreedFailure {
            var failure = error.failure
            failure.remedy = nil
            return failure.line + (hosts.count > 1 ? " on the node of rank \(error.rank)" : "")
        }
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

/// The parts of the ranks of one node in the memory that they share: each on pages of its own.
struct SharedMemoryLayout {
    /// By rank; empty for those of other nodes.
    let parts: [Range<Int>]
    /// Bytes of the whole, one page at least.
    let size: Int

    /// - Parameter sizes: bytes that each rank of the world asks for.
    init(_ sizes: [Int], of ranks: [Int]) {
        let page = SharedSegment.pageSize
        var parts = sizes.map { _ in 0..<0 }
        var end = 0
        for rank in ranks {
            parts[rank] = end..<end + sizes[rank]
            end += (sizes[rank] + page - 1) / page * page
        }
        (self.parts, size) = (parts, max(end, page))
    }
}
