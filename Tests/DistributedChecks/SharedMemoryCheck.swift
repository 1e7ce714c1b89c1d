import Collectives
import Diagnostics
import Glibc

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
        if size == 4_096 { try viewTwice(memory.parts[rank]) { try memory.view($0) } }
        try memory.release()
    }

    /// A list that shows the same page before zeros and behind them.
    private func viewTwice(
        _ page: UnsafeMutableRawBufferPointer,
        _ view: ([SharedMemory.Piece]) throws -> UnsafeMutableRawBufferPointer
    ) throws {
        let list = try view([.memory(page), .zeros(byteCount: page.count), .memory(page)])
        try require(list.count == 3 * page.count, "the view has all pieces")
        list[7] = 77
        try require(page[7] == 77, "what is written to a view is in the memory")
        try require(list[2 * page.count + 7] == 77, "the same page stands twice")
        let zeros = list[page.count..<2 * page.count]
        try require(zeros.allSatisfy { $0 == 0 }, "between them are zeros")
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

    /// Prints why there is no shared memory; all ranks must be told the same.
    func sharedMemoryOrWhy() throws -> Int32 {
        guard case .unavailable(let reason) = try communicator.shareMemory(byteCount: 1 << 20)
        else { throw Failure("there is shared memory") }
        let reasons = try communicator.allGather(ofAnySize: Array(reason.utf8))
        try require(reasons.allSatisfy { $0 == reasons[0] }, "all ranks know the same reason")
        printOnce(reason)
        return 0
    }

    /// Fills /dev/shm to its end, then writes every page for the first time.
    func sharedMemoryThenFull() throws -> Int32 {
        let size = 16 << 20
        guard case .shared(let memory) = try communicator.shareMemory(byteCount: size) else {
            throw Failure("the ranks share no memory")
        }
        let missing = try communicator.replaceSegments(notedAt: nil).missingByteCount
        try require(missing == 0, "the messages have their memory")
        try communicator.agree { if rank == 0 { try fillSharedMemory() } }
        memory.parts[rank].initializeMemory(as: UInt8.self, repeating: UInt8(rank + 1))
        try memory.synchronize()
        try communicator.barrier()
        for (peer, part) in memory.parts.enumerated() {
            let isWhole = part.allSatisfy { $0 == UInt8(peer + 1) }
            try require(isWhole, "every page of rank \(peer) is there")
        }
        // Messages of all lengths pass as well.
        for count in [1, 4_096, 1 << 20, 8 << 20] {
            let sent = [UInt8](repeating: 7, count: count)
            let received = try communicator.broadcast(rank == 0 ? sent : [], from: 0)
            try require(received == sent, "\(count) bytes arrive")
        }
        printOnce("all pages are there")
        return 0
    }

    private func fillSharedMemory() throws {
        let descriptor = open("/dev/shm/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        while write(descriptor, zeros, zeros.count) > 0 {}
        try require(errno == ENOSPC, "/dev/shm is full")
    }
}
