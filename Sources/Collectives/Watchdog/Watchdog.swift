import Diagnostics
import Foundation
import Synchronization

/// Ends a run in which one rank keeps the others waiting, and names that rank: a thread in every
/// rank reports the rank's progress to rank 0's, which judges.
///
/// It makes no MPI call, since the thread that does may be stuck in one. A rank ends by `_exit`; the
/// launcher then ends those that cannot (a stopped process, a host that is cut off).
package final class Watchdog: Sendable {
    private let board: ProgressBoard
    private let limit: Duration
    private let rank: Int
    private let hosts: [String]
    private let isClosed = Atomic<Bool>(false)
    private let isLinked = DispatchSemaphore(value: 0)

    /// How long rank 0 waits for the first answer from every rank.
    private static let patience = Duration.seconds(10)

    /// Starts the watchdogs of all ranks; collective.
    ///
    /// - Parameter seconds: how long a rank may keep others waiting; 0 for ever.
    /// - Returns: nil where there is nothing to watch.
    /// - Throws: `AgreedFailure` where a socket cannot be had, or a rank cannot reach rank 0.
    package static func start(
        seconds: Int, board: ProgressBoard, over communicator: any Communicator,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Watchdog? {
        guard seconds > 0, communicator.worldSize > 1 else { return nil }
        let hosts = try communicator.allGather(
            ofAnySize: Array(ProcessInfo.processInfo.hostName.utf8))
        let addresses =
            communicator.hosts.count == 1
            ? [Endpoint.loopback]
            : HostAddresses.own(interfaces: HostAddresses.interfaces(environment: environment))
        let token = try communicator.broadcast([UInt64.random(in: .min ... .max)], from: 0)[0]

        let own = try communicator.agree {
            communicator.rank == 0 ? try WatchdogLink(token: token, boundTo: addresses) : nil
        }
        let text = own?.endpoints.map(\.text).joined(separator: " ") ?? ""
        let bytes = try communicator.broadcast(Array(text.utf8), from: 0)
        let endpoints = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            .compactMap(Endpoint.init(text:))
        let watchdog = Watchdog(
            board: board, limit: .seconds(seconds), rank: communicator.rank,
            hosts: hosts.map { String(decoding: $0, as: UTF8.self) })
        try watchdog.run(
            own ?? WatchdogLink(token: token, endpoints: endpoints), over: communicator)
        return watchdog
    }

    private init(board: ProgressBoard, limit: Duration, rank: Int, hosts: [String]) {
        (self.board, self.limit, self.rank, self.hosts) = (board, limit, rank, hosts)
    }

    /// Ends the watch once all ranks have come here; collective.
    package func close(over communicator: any Communicator) throws {
        try communicator.barrier()
        isClosed.store(true, ordering: .relaxed)
    }

    private func run(_ link: WatchdogLink, over communicator: any Communicator) throws {
        let thread = Thread.named("watchdog") { [self] in
            rank == 0 ? judge(link) : report(link)
        }
        thread.start()
        let patience = DispatchTime.now() + Double(Self.patience / .seconds(1))
        let isReached = isLinked.wait(timeout: patience) == .success
        do {
            try communicator.agree {
                guard isReached else { throw unreached }
            }
        } catch {
            isClosed.store(true, ordering: .relaxed)
            throw error
        }
    }

    private var unreached: Failure {
        Failure(
            "the watchdogs do not reach each other",
            expected: rank == 0 ? "UDP messages of all ranks" : "UDP messages of rank 0",
            got: "none within \(WatchdogVerdict.seconds(Self.patience))", at: "host \(hosts[rank])",
            remedy: "let UDP pass between the hosts, name the interface that joins them by mpirun "
                + FailureText(
                    "--mca btl_tcp_if_include NAME, or set \(key: "train.watchdog_seconds") to 0"))
    }

    private var interval: Duration { min(.seconds(1), limit / 8) }

    /// Hears all ranks, on rank 0, and ends the run when the verdict demands it.
    private func judge(_ link: WatchdogLink) {
        var link = link
        var ranks = hosts.map { WatchdogVerdict.Rank(host: $0) }
        var lastHeard = Array(repeating: ContinuousClock.now, count: hosts.count)
        var clock = BeatClock(interval: interval, tolerance: limit / 2)
        var isLinked = false
        var lastExcuse: ContinuousClock.Instant?
        while !isClosed.load(ordering: .relaxed) {
            let own = Heartbeat.Standing(board.progress)
            let heartbeats = link.receive(
                within: clock.untilBeat, answer: .progress(rank: 0, own))
            for case .progress(let rank, let standing) in heartbeats
            where hosts.indices.contains(rank) {
                ranks[rank].standing = standing
                lastHeard[rank] = .now
            }
            if !isLinked, link.peerCount == hosts.count - 1 {
                isLinked = true
                self.isLinked.signal()
            }
            guard clock.beats() else { continue }
            if clock.hasSlept {
                board.restartWaiting()
                lastHeard = lastHeard.map { _ in .now }
            }
            guard isLinked else { continue }
            lastHeard[0] = .now
            ranks[0].standing = Heartbeat.Standing(board.progress)
            for rank in ranks.indices { ranks[rank].silence = .now - lastHeard[rank] }
            if WatchdogVerdict(ranks: ranks, limit: limit).excuses { lastExcuse = .now }
            let verdict = WatchdogVerdict(
                ranks: ranks, limit: limit, sinceExcuse: lastExcuse.map { .now - $0 })
            if let failure = verdict.failure {
                end(with: failure) { link.sendToPeers(.end) }
            }
        }
    }

    /// Reports the progress of a rank other than 0, and ends the run when rank 0 falls silent.
    ///
    /// Each rank waits a little longer than the one before, so that one alone speaks.
    private func report(_ link: WatchdogLink) {
        var link = link
        var ranks = hosts.map { WatchdogVerdict.Rank(host: $0) }
        var lastHeard = ContinuousClock.now
        var clock = BeatClock(interval: interval, tolerance: limit / 2)
        var isLinked = false
        let ownLimit = limit + .seconds(min(rank, 5) - 1)
        link.send(.progress(rank: rank, Heartbeat.Standing(board.progress)))
        while !isClosed.load(ordering: .relaxed) {
            for heartbeat in link.receive(within: clock.untilBeat) {
                lastHeard = .now
                switch heartbeat {
                case .end: end(with: nil) {}
                case .progress(_, let standing): ranks[0].standing = standing
                }
                if !isLinked { self.isLinked.signal() }
                isLinked = true
            }
            guard clock.beats() else { continue }
            if clock.hasSlept {
                board.restartWaiting()
                lastHeard = .now
            }
            ranks[rank].standing = Heartbeat.Standing(board.progress)
            ranks[0].silence = .now - lastHeard
            link.send(.progress(rank: rank, ranks[rank].standing))
            guard isLinked, ranks[0].silence > ownLimit else { continue }
            end(with: WatchdogVerdict(ranks: ranks, limit: limit).failure) {}
        }
    }

    private func end(with failure: Failure?, _ farewell: () -> Void) {
        guard !isClosed.load(ordering: .relaxed) else { return }
        if let failure { ErrorReport(failure, rank: rank, worldSize: 1).print() }
        farewell()
        _exit(failure?.exitCode ?? 1)
    }
}
