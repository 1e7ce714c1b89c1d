import Collectives
import Diagnostics

extension Checks {
    /// Each rank writes into its part, all read all parts.
    func sharedMemory() throws -> Int32 {
        let sizes = [1, 4_096, 100_003]
        let size = sizes[rank % sizes.count]
        guard case .shared(let memory) = try communicator.shareMemory(byteCount: size) else {
            throw Failure("the ranks share no memory")
        }
        for (peer, part) in memory.parts.enumerated() {
            let address = Int(bitPattern: part.baseAddress)
            try require(address % SharedMemory.alignment == 0, "part \(peer) is aligned")
            try require(part.count >= sizes[peer % sizes.count], "part \(peer) is large enough")
        }
        try require(memory.parts[rank].allSatisfy { $0 == 0 }, "the memory is zero at first")
        memory.parts[rank][size - 1] = UInt8(rank + 1)
        try memory.synchronize()
        try communicator.barrier()
        try memory.synchronize()
        for peer in 0..<worldSize {
            let last = memory.parts[peer][sizes[peer % sizes.count] - 1]
            try require(last == UInt8(peer + 1), "what rank \(peer) wrote is seen")
        }
        try communicator.barrier()
        try memory.release()
        printOnce("shared memory")
        return 0
    }

    /// More than any machine has: all ranks are told why there is none, and go on.
    func sharedMemoryTooLarge() throws -> Int32 {
        let outcome = try communicator.shareMemory(byteCount: rank == worldSize - 1 ? 1 << 50 : 0)
        guard case .unavailable(let reason) = outcome else {
            throw Failure("a petabyte of shared memory")
        }
        let reasons = try communicator.allGather(ofAnySize: Array(reason.utf8))
        try require(reasons.allSatisfy { $0 == reasons[0] }, "all ranks know the same reason")
        printOnce(reason.filter { !$0.isNumber })
        return 0
    }
}
