import Collectives
import Testing

/// Whom the watchdog holds responsible, and what its messages look like.
@Suite struct WatchdogTests {
    private static let limit = Duration.seconds(5)

    private func rank(
        _ number: Int, waited: Int? = nil, silence: Int = 0, isUncounted: Bool = false
    ) -> WatchdogVerdict.Rank {
        var rank = WatchdogVerdict.Rank(host: "host")
        rank.standing = Heartbeat.Standing(
            step: 3, number: number, call: "allGather", waited: waited.map { .seconds($0) },
            isUncounted: isUncounted)
        rank.silence = .seconds(silence)
        return rank
    }

    private func line(_ ranks: [WatchdogVerdict.Rank]) -> String? {
        WatchdogVerdict(ranks: ranks, limit: Self.limit).failure?.line
    }

    @Test func nobodyIsBlamedWithinTheLimit() {
        #expect(line([rank(7), rank(7, waited: 5), rank(6, silence: 5)]) == nil)
    }

    @Test func aSilentRankIsBlamedWhereverItStands() {
        let line = line([rank(7, waited: 2), rank(9, silence: 6, isUncounted: true)])
        #expect(line?.hasPrefix("rank 1 keeps the run waiting") == true)
        #expect(line?.contains("expected it in collective 7 (allGather) within 5 s") == true)
        #expect(line?.contains("no sign of life for 6 s; last heard of in collective 9") == true)
        #expect(line?.contains("(step 3, host host)") == true)
    }

    @Test func ofTheRanksThatDoNotWaitTheOneBehindIsBlamed() {
        let ranks = [rank(8, waited: 6), rank(7), rank(5), rank(4, waited: 1)]
        #expect(line(ranks)?.hasPrefix("rank 2 keeps the run waiting") == true)
    }

    @Test func checkpointsAndEvaluationsDoNotCount() {
        #expect(line([rank(8, waited: 60), rank(7, isUncounted: true)]) == nil)
    }

    /// It has read for an hour and computes now; the others have waited all the time.
    @Test func whoHasJustLeftOffWhatDoesNotCountHasTheWholeLimit() {
        let ranks = [rank(8, waited: 3600), rank(7)]
        func line(_ sinceExcuse: Int?) -> String? {
            WatchdogVerdict(
                ranks: ranks, limit: Self.limit, sinceExcuse: sinceExcuse.map { .seconds($0) }
            ).failure?.line
        }
        #expect(line(0) == nil && line(5) == nil)
        #expect(line(6)?.hasPrefix("rank 1 keeps the run waiting") == true)
        #expect(line(nil) != nil)
        // Silence has no excuse.
        let silent = WatchdogVerdict(
            ranks: [rank(8, waited: 60), rank(7, silence: 6)], limit: Self.limit,
            sinceExcuse: .zero)
        #expect(silent.failure != nil)
    }

    @Test func aNetworkThatStandsStillIsTold() {
        let line = line([rank(8, waited: 6), rank(7, waited: 6)])
        #expect(line?.hasPrefix("all ranks wait and no message arrives") == true)
        #expect(line?.contains("rank 1 on host in collective 7 (allGather)") == true)
    }

    @Test(arguments: [
        Heartbeat.end, .progress(rank: 12, Heartbeat.Standing()),
        .progress(
            rank: 0,
            Heartbeat.Standing(
                step: 9, number: 1 << 40, call: "wait", waited: .milliseconds(1500),
                isUncounted: true)),
    ])
    func heartbeatsArriveAsTheyWereSent(heartbeat: Heartbeat) {
        let line = heartbeat.line(token: .max)
        #expect(Heartbeat(line: line, token: .max) == heartbeat)
        #expect(Heartbeat(line: line, token: 1) == nil)
    }

    @Test(arguments: ["", "7", "7 end now", "7 progress 1 2 3 wait x 0", "7 progress 1", "end 7"])
    func whatIsNoHeartbeatIsPassedOver(line: String) {
        #expect(Heartbeat(line: line, token: 7) == nil)
    }

    @Test func datagramsReachTheSocketTheyAreSentTo() throws {
        var first = try WatchdogLink(token: 1, boundTo: [Endpoint.loopback])
        var second = WatchdogLink(token: 1, endpoints: first.endpoints)
        let standing = Heartbeat.Standing(step: 4, number: 5, call: "barrier")
        second.send(.progress(rank: 3, standing))
        let answer = Heartbeat.progress(rank: 0, Heartbeat.Standing())
        let heard = first.receive(within: .seconds(5), answer: answer)
        #expect(heard == [.progress(rank: 3, standing)])
        #expect(first.peerCount == 1)
        #expect(second.receive(within: .seconds(5)) == [answer])
        first.sendToPeers(.end)
        #expect(second.receive(within: .seconds(5)) == [.end])
        #expect(second.receive(within: .milliseconds(1)).isEmpty)
    }
}
