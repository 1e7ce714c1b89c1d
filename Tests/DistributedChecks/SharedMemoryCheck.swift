import Collectives
import Diagnostics

extension Checks {
    /// On one host, on two that have neighbouring ranks, and on two that have every other one.
    func sharedMemory() throws -> Int32 {
        let maps = [{ _ in 0 }, { 2 * $0 / worldSize }, { $0 % 2 }].map { label in
            HostMap(labels: (0..<worldSize).map(label))
        }
        for hosts in maps where hosts.count < worldSize { try shareMemory(on: hosts) }
        printOnce("shared memory")
        return 0
    }

    /// Each rank writes into its part, all of its host read all parts.
    private func shareMemory(on hosts: HostMap) throws {
        let sizes = [1, 4_096, 100_003]
        let neighbours = hosts.neighbours(of: rank)
        let size = sizes[rank % sizes.count]
        guard let communicator = communicator as? MPICommunicator,
            case .shared(let memory) = try communicator.shareMemory(byteCount: size, on: hosts)
        else { throw Failure("the ranks share no memory") }
        try require(memory.hosts == hosts, "the memory knows its hosts")
        for (peer, part) in memory.parts.enumerated() {
            guard neighbours.contains(peer) else {
                try require(part.isEmpty, "part \(peer) is not seen")
                continue
            }
            let address = Int(bitPattern: part.baseAddress)
            try require(address % SharedMemory.alignment == 0, "part \(peer) is aligned")
            try require(part.count >= sizes[peer % sizes.count], "part \(peer) is large enough")
        }
        try require(memory.parts[rank].allSatisfy { $0 == 0 }, "the memory is zero at first")
        memory.parts[rank][size - 1] = UInt8(rank + 1)
        try memory.synchronize()
        try communicator.barrier()
        try memory.synchronize()
        for peer in neighbours {
            let last = memory.parts[peer][sizes[peer % sizes.count] - 1]
            try require(last == UInt8(peer + 1), "what rank \(peer) wrote is seen")
        }
        try communicator.barrier()
        try memory.release()
    }

    /// More than any machine has: all ranks are told why there is none, and go on.
    func sharedMemoryTooLarge() throws -> Int32 {
        guard let communicator = communicator as? MPICommunicator else { return 1 }
        for host in [{ _ in 0 }, { $0 / 2 }] {
            let hosts = HostMap(labels: (0..<worldSize).map(host))
            let outcome = try communicator.shareMemory(
                byteCount: rank == worldSize - 1 ? 1 << 50 : 0, on: hosts)
            guard case .unavailable(let reason) = outcome else {
                throw Failure("a petabyte of shared memory")
            }
            let reasons = try communicator.allGather(ofAnySize: Array(reason.utf8))
            try require(reasons.allSatisfy { $0 == reasons[0] }, "all ranks know the same reason")
            let node = "on the node of rank \(worldSize - worldSize % 2 - 2)"
            try require(hosts.count == 1 || reason.contains(node), "\(reason): the node is named")
            printOnce(reason.filter { !$0.isNumber })
        }
        return 0
    }
}
