import Collectives
import Diagnostics
import Foundation
import Signals

struct Checks {
    let communicator: any Communicator
    let arguments: [String]

    var rank: Int { communicator.rank }
    var worldSize: Int { communicator.worldSize }

    /// What each check does on one rank; it returns the exit code.
    var byName: [String: () throws -> Int32] {
        [
            "world": world, "values": values, "broadcast": broadcast, "gather": gather,
            "pieces": pieces, "clocks": clockOffsets, "collected": collected,
            "one-fails": oneFails, "all-fail": allFail, "abort": abort, "ends-slowly": endsSlowly,
            "short": shortMessage,
            "reduction": reduction, "compact": compactReduction, "shared-memory": sharedMemory,
            "shared-memory-too-large": sharedMemoryTooLarge,
            "shared-memory-or-why": sharedMemoryOrWhy,
            "shared-memory-then-full": sharedMemoryThenFull, "reduction-speed": reductionSpeed,
            "gradient-ring": gradientRing,
            "not-finite": notFinite, "skipped-step": skippedStep, "bit-flip": bitFlip,
            "replicas": replicas,
            "checkpoints": checkpoints, "late-gradients": lateGradients,
            "compact-late-gradients": compactLateGradients,
            "islands": islands, "island-places": islandPlaces, "island-fails": islandFails,
            "islands-agree": islandsAgree,
            "logits": logits, "encode": encode, "chat-templates": chatTemplates,
        ]
    }

    /// Prints the world as rank 0 sees it.
    func world() throws -> Int32 {
        let localRanks = try communicator.allGather([Int64(communicator.localRank)])
        let ranks = try communicator.allGather([Int64(rank)])
        printOnce("ranks \(ranks) of \(worldSize), local ranks \(localRanks)")
        return 0
    }

    func values() throws -> Int32 {
        let value = Int64(rank) + 1
        let minimum = try communicator.allReduce([value, -value], .minimum)
        let maximum = try communicator.allReduce([value, -value], .maximum)
        let sum = try communicator.allReduce([value, 10 * value], .sum)
        // 1e16 swallows a single 1 but not 2: the order of the addition shows.
        let ordered = try communicator.allReduce([rank == 0 ? 1e16 : 1.0], DoubleReduction.sum)
        let largest = try communicator.allReduce([Double(value) / 2], DoubleReduction.maximum)
        let poisoned = try communicator.allReduce(
            [rank == worldSize - 1 ? .nan : 0], DoubleReduction.maximum)
        printOnce("\(minimum) \(maximum) \(sum) \(ordered) \(largest) \(poisoned)")
        return 0
    }

    func broadcast() throws -> Int32 {
        for (root, count) in [(0, 0), (worldSize - 1, 1), (worldSize / 2, 65_537), (0, 7)] {
            let sent = (0..<count).map { UInt16(truncatingIfNeeded: $0 * 31 + root) }
            let received = try communicator.broadcast(rank == root ? sent : [], from: root)
            try require(received == sent, "broadcast of \(count) values from rank \(root)")
        }
        printOnce("broadcast")
        return 0
    }

    func gather() throws -> Int32 {
        for unit in [0, 1, 3, 100_003] {
            func bytes(of rank: Int) -> [UInt8] {
                (0..<rank * unit).map { UInt8(truncatingIfNeeded: $0 + rank) }
            }
            let all = try communicator.allGather(ofAnySize: bytes(of: rank))
            try require(all == (0..<worldSize).map(bytes), "gather of \(unit) bytes a rank")
        }
        printOnce("gather")
        return 0
    }

    /// All that is longer than a piece, as what has gigabytes is.
    func pieces() throws -> Int32 {
        MPICommunicator.limitPieces(to: 1000)
        for unit in [1, 700, 5_001] {
            func bytes(of rank: Int) -> [UInt8] {
                (0..<(rank + 1) % 3 * unit).map { UInt8(truncatingIfNeeded: 7 * $0 + rank) }
            }
            let all = try communicator.allGather(ofAnySize: bytes(of: rank))
            try require(all == (0..<worldSize).map(bytes), "gather of \(unit) bytes a rank")
            let equal = try communicator.allGather(Array(repeating: Int32(rank), count: unit))
            let wanted = (0..<worldSize).flatMap { Array(repeating: Int32($0), count: unit) }
            try require(equal == wanted, "gather of \(unit) numbers a rank")

            var numbers = (0..<unit).map { $0 % worldSize == rank ? Double($0) + 0.1 : 0 }
            try numbers.withUnsafeMutableBufferPointer { try communicator.allReduceDisjoint($0) }
            let sums = (0..<unit).map { Double($0) + 0.1 }
            try require(numbers == sums, "sum of \(unit) numbers")
            let sent = (0..<unit).map { Int64($0) }
            let received = try communicator.broadcast(rank == 0 ? sent : [], from: 0)
            try require(received == sent, "broadcast of \(unit) numbers")
            try ring(unit)
        }
        printOnce("pieces")
        return 0
    }

    /// Each rank sends its number `count` times to the next one.
    private func ring(_ count: Int) throws {
        guard worldSize > 1 else { return }
        let sent = Array(repeating: Int32(rank), count: count)
        var received = Array(repeating: Int32(-1), count: count)
        let previous = (rank + worldSize - 1) % worldSize
        try sent.withUnsafeBytes { out in
            try received.withUnsafeMutableBytes { arriving in
                try communicator.exchange(
                    sends: [MessageToSend(to: (rank + 1) % worldSize, out)],
                    receives: [MessageToReceive(from: previous, arriving)]
                ).wait()
            }
        }
        try require(received.allSatisfy { $0 == previous }, "\(count) numbers of the rank before")
    }

    /// The last rank fails alone.
    func oneFails() throws -> Int32 {
        try communicator.agree {
            guard rank < worldSize - 1 else { throw Failure("cannot read", at: "shard-3.h5") }
        }
        return 0
    }

    /// All ranks fail with the same wrong recipe.
    func allFail() throws -> Int32 {
        try communicator.agree { throw Failure("unknown key", at: "recipe.yaml", kind: .usage) }
    }

    /// The last rank fails while the others wait for it.
    func abort() throws -> Int32 {
        if rank == worldSize - 1 { throw Failure("the disk is full") }
        try communicator.barrier()
        return 0
    }

    /// Ends with 75 like a run that has saved, but only after what a launcher sends to slow ranks.
    func endsSlowly() throws -> Int32 {
        SignalTaker.keepExitCode()
        kill(getpid(), SIGTERM)
        Thread.sleep(forTimeInterval: 0.5)
        return 75
    }

    /// Rank 1 sends less than rank 0 waits for.
    func shortMessage() throws -> Int32 {
        let count = rank == 0 ? 8 : 4
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 1)
        if rank == 0 {
            let receives = [MessageToReceive(from: 1, buffer)]
            try communicator.exchange(sends: [], receives: receives).wait()
        } else {
            let sends = [MessageToSend(to: 0, UnsafeRawBufferPointer(buffer))]
            try communicator.exchange(sends: sends, receives: []).wait()
        }
        try communicator.barrier()
        return 0
    }

    func reduction() throws -> Int32 {
        try ReductionCheck(communicator: communicator).run()
        return 0
    }

    func compactReduction() throws -> Int32 {
        try ReductionCheck(communicator: communicator).runCompact()
        return 0
    }

    /// `reduction-speed [MEGABYTES]`; needs several ranks.
    func reductionSpeed() throws -> Int32 {
        let megabytes = arguments.dropFirst().first.flatMap { Int($0) } ?? 500
        try ReductionSpeed(communicator: communicator, megabytes: megabytes).run()
        return 0
    }

    func printOnce(_ line: String) {
        if rank == 0 { print(line) }
    }

    func require(_ condition: Bool, _ claim: String) throws {
        guard condition else { throw Failure("the check does not hold: \(claim)") }
    }
}
