import Collectives
import Diagnostics

extension Checks {
    /// Clocks that are wrong by known times are found to be, to half a round trip.
    func clockOffsets() throws -> Int32 {
        let hour: Int64 = 3_600_000_000_000
        func wrong(_ rank: Int) -> Int64 { Int64(rank) * (rank.isMultiple(of: 2) ? hour : -hour) }
        let offsets = try ClockOffsets.measure(
            over: communicator, hosts: .apart(worldSize: worldSize),
            now: { [rank] in TraceClock.now + wrong(rank) })
        if rank == 0 {
            try require(offsets.ahead[0] == 0, "the own clock: \(offsets.ahead)")
            for other in 1..<max(1, worldSize) {
                let error = abs(offsets.ahead[other] - wrong(other))
                try require(
                    error <= offsets.roundTrip, "clock of rank \(other) by \(error) ns")
            }
            try require(
                (worldSize > 1) == (offsets.roundTrip > 0), "trip \(offsets.roundTrip)")
        }
        // Ranks of a host share its clock: none is asked.
        let same = try ClockOffsets.measure(over: communicator)
        try require(same.ahead.allSatisfy { $0 == 0 } && same.roundTrip == 0, "one host")
        printOnce("clocks")
        return 0
    }

    /// Lists of all lengths come to the first rank in order, and no other gets any.
    func collected() throws -> Int32 {
        var next = 0
        try communicator.collect((0..<rank * 70_001).map { $0 &* 7 &+ rank }, filler: 0) {
            peer, values in
            // A rank without values is passed over, but for the first one itself.
            try require(rank == 0 && peer == next, "rank \(peer) comes after \(next)")
            try require(values == (0..<peer * 70_001).map { $0 &* 7 &+ peer }, "of rank \(peer)")
            next += 1
        }
        try require(next == (rank == 0 ? worldSize : 0), "\(next) lists")
        printOnce("collected")
        return 0
    }
}
