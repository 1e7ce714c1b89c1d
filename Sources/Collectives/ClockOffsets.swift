import Diagnostics

/// How far the clocks of other hosts are from that of rank 0.
///
/// A clock is asked over the communicator, again and again: the answer of the shortest round trip is taken
/// for the time at its middle, as NTP does (Mills, RFC 5905). It is wrong by half that trip at most.
package struct ClockOffsets: Sendable {
    /// Of each rank, nanoseconds by which its clock is ahead of that of rank 0. Rank 0 alone knows them;
    /// others have zeros.
    package let ahead: [Int64]
    /// Nanoseconds of the longest of the round trips that were taken; 0 where all share a clock.
    package let roundTrip: Int64

    private static let (mostTrips, fewestTrips, allTrips) = (64, 8, 4096)

    /// Asks the first rank of each host, since the ranks of a host share its clock. Collective; no exchange
    /// is under way.
    ///
    /// - Parameters:
    ///   - hosts: which ranks share a clock.
    ///   - now: nanoseconds on the clock of this rank.
    package static func measure(
        over communicator: any Communicator, hosts: HostMap? = nil,
        now: @escaping () -> Int64 = { TraceClock.now }
    ) throws -> ClockOffsets {
        let hosts = hosts ?? communicator.hosts
        var ahead = [Int64](repeating: 0, count: communicator.worldSize)
        var longest: Int64 = 0
        let others = hosts.ranks.filter { $0[0] != 0 }
        let trips = max(fewestTrips, min(mostTrips, allTrips / max(1, others.count)))
        for ranks in others {
            let link = ClockLink(communicator: communicator, now: now)
            if communicator.rank == 0 {
                let (offset, trip) = try link.ask(ranks[0], trips: trips)
                for rank in ranks { ahead[rank] = offset }
                longest = max(longest, trip)
            } else if communicator.rank == ranks[0] {
                try link.answer(trips: trips)
            }
        }
        return ClockOffsets(ahead: ahead, roundTrip: longest)
    }
}

/// Rank 0 and another one, which tell each other the time.
private struct ClockLink {
    let communicator: any Communicator
    let now: () -> Int64

    /// How far the clock of `rank` is ahead, and the round trip by which that was found.
    func ask(_ rank: Int, trips: Int) throws -> (ahead: Int64, trip: Int64) {
        var (best, ahead) = (Int64.max, Int64(0))
        for _ in 0..<trips {
            let start = now()
            try send(start, to: rank)
            let answer = try receive(from: rank)
            let trip = now() - start
            if trip < best { (best, ahead) = (trip, answer - (start + trip / 2)) }
        }
        return (ahead, best)
    }

    func answer(trips: Int) throws {
        for _ in 0..<trips {
            _ = try receive(from: 0)
            try send(now(), to: 0)
        }
    }

    private func send(_ value: Int64, to rank: Int) throws {
        try withUnsafeBytes(of: value) { bytes in
            try communicator.exchange(sends: [MessageToSend(to: rank, bytes)], receives: []).wait()
        }
    }

    private func receive(from rank: Int) throws -> Int64 {
        var value: Int64 = 0
        try withUnsafeMutableBytes(of: &value) { bytes in
            try communicator.exchange(sends: [], receives: [MessageToReceive(from: rank, bytes)])
                .wait()
        }
        return value
    }
}

extension Communicator {
    /// Brings the values of each rank to rank 0, which gets them in rank order, one rank at a time; other
    /// ranks get none. Collective; no exchange is under way.
    package func collect<Value: BitwiseCopyable>(
        _ values: [Value], filler: Value, _ take: (_ rank: Int, _ values: [Value]) throws -> Void
    ) throws {
        let counts = try allGather([Int64(values.count)]).map(Int.init)
        if rank == 0 { try take(0, values) }
        for peer in 1..<max(1, worldSize) where counts[peer] > 0 {
            if rank == peer {
                try values.withUnsafeBytes {
                    try exchange(sends: [MessageToSend(to: 0, $0)], receives: []).wait()
                }
            } else if rank == 0 {
                var arrived = [Value](repeating: filler, count: counts[peer])
                try arrived.withUnsafeMutableBytes {
                    try exchange(sends: [], receives: [MessageToReceive(from: peer, $0)]).wait()
                }
                try take(peer, arrived)
            }
        }
    }
}
