import Diagnostics
import Foundation
import Logging
import Signals

/// Starts a run on the hosts that live, again and again, until it is done, wrong, or asked to stop.
struct Supervisor: Sendable {
    private let recipe: SupervisedRecipe
    private let hosts: [Host]
    /// The hosts as islands; nil where all ranks train as one.
    private let islands: SupervisedIslands?
    private let options: SupervisionOptions
    private let log: Logger
    private let stopRequest: StopRequest

    private static let stoppedExitCode: Int32 = 75

    /// - Throws: A usage `Failure` for a wrong recipe, `Failure` for a directory that cannot be written.
    init(
        recipe path: String, overrides: [String], hosts: [Host], options: SupervisionOptions
    ) throws {
        recipe = try SupervisedRecipe(
            path: path, overrides: overrides, isResuming: options.isResuming,
            slotCount: hosts.slotCount)
        self.hosts = hosts
        islands =
            recipe.islandCount > 1 ? try SupervisedIslands(recipe.islandCount, on: hosts) : nil
        self.options = options
        stopRequest = StopRequest()
        SignalTaker.takeFromOpenThreads()
        try FileManager.default.createDirectory(
            atPath: recipe.output, withIntermediateDirectories: true)
        log = try RunLog.logger(rank: 0, path: recipe.output + "/supervise.log")
    }

    /// - Returns: 0 when the run is done, 75 when it was stopped on request, 64 when it was refused.
    /// - Throws: `Failure` when the restarts are used up.
    func run() async throws -> Int32 {
        var pauses = RestartPauses()
        var step = options.isResuming ? recipe.step : 0
        for start in 0...options.restarts {
            let world = world(of: await livingHosts())
            let isResuming = options.isResuming || start > 0
            let end = try await run(on: world, isResuming: isResuming, from: step)
            if let code = try verdict(end) { return code }

            let reached = recipe.step
            let pause = pauses.next(afterProgress: reached > step)
            step = reached
            guard start < options.restarts else { throw gaveUp(end, at: step) }
            let number = "restart \(start + 1) of \(options.restarts)"
            log.info("supervise: \(number) in \(pause) s; the run goes on from step \(step)")
            await stopRequest.pause(.seconds(pause))
            if let signal = stopRequest.signal { return stopped(by: signal) }
        }
        preconditionFailure("the last start returns or throws")
    }

    private func gaveUp(_ end: LaunchedRun.End, at step: Int) -> Failure {
        let count = options.restarts
        let failure = Failure(
            "supervise gave up after \(count) restart\(count == 1 ? "" : "s")",
            got: "exit code \(end.exitCode) at step \(step)", at: recipe.output,
            remedy: "see supervise.log and log.txt there, then go on with --resume")
        log.info("supervise: \(failure.line)")
        return failure
    }

    /// What the end of a start means for the exit code; nil where the run is to be started again.
    private func verdict(_ end: LaunchedRun.End) throws -> Int32? {
        switch (end.exitCode, stopRequest.signal) {
        case (Int(Self.stoppedExitCode), nil) where end.wasRecalled:
            log.info("supervise: the run has saved, since a lost island is back")
            return nil
        case (0, _):
            log.info("supervise: the run is done")
            return 0
        case (64, _):
            log.error("supervise: the run was refused: another start would not help")
            return 64
        case (Int(Self.stoppedExitCode), let signal):
            return stopped(by: signal ?? "a signal to a rank")
        case (128 + Int(SIGUSR1), let signal?):
            // The request came before the program could take it: nothing had been done.
            return stopped(by: signal)
        case (let code, let signal?):
            throw Failure(
                "the run did not save when it was stopped by \(signal)",
                expected: "exit code \(Self.stoppedExitCode)", got: "\(code)", at: recipe.output,
                remedy: "go on from step \(recipe.step) with --resume")
        case (_, nil):
            return nil
        }
    }

    private func stopped(by signal: String) -> Int32 {
        log.info("supervise: stopped by \(signal) at step \(recipe.step); go on with --resume")
        return Self.stoppedExitCode
    }

    /// The hosts that answer, in the order of the hostfile.
    private func livingHosts(isQuiet: Bool = false) async -> [Host] {
        let problems = await HostProbe(agent: options.agent, seconds: options.probeSeconds)
            .problems(of: hosts)
        for (host, problem) in zip(hosts, problems) where !isQuiet {
            if let problem { log.warning("supervise: \(host.name) is left out: \(problem)") }
        }
        return zip(hosts, problems).filter { $0.1 == nil }.map(\.0)
    }

    /// A wait for more islands than those of a start; nil where none is missing.
    private func recall(from islandCount: Int) -> (@Sendable () async throws -> Void)? {
        guard let islands, islandCount < recipe.islandCount else { return nil }
        return { [self] in
            repeat {
                try await Task.sleep(for: .seconds(options.returnSeconds))
            } while islands.living(of: await livingHosts(isQuiet: true)).count <= islandCount
        }
    }

    /// The hosts of a start, and the islands that they make.
    private typealias World = (hosts: [Host], count: Int)

    private func world(of living: [Host]) -> World {
        guard let islands else { return (living.first(slots: recipe.lanes), 1) }
        let world = islands.living(of: living)
        for host in living where !world.hosts.contains(host) {
            log.warning("supervise: \(host.name) is left out: its island has lost another host")
        }
        return world
    }

    private func run(
        on world: World, isResuming: Bool, from step: Int
    ) async throws -> LaunchedRun.End {
        let (hosts, islandCount) = world
        guard !hosts.isEmpty else {
            log.warning(
                islands == nil ? "supervise: no host answers" : "supervise: no island is whole")
            return LaunchedRun.End(exitCode: 1)
        }
        let ranks = hosts.slotCount == 1 ? "1 rank" : "\(hosts.slotCount) ranks"
        let parts = islandCount > 1 ? " as \(islandCount) islands" : ""
        log.info("supervise: \(ranks)\(parts) from step \(step), on \(hosts.list)")
        let command = MPICommand(hosts: hosts, options: options)
        let start = ContinuousClock.now
        let end = try await LaunchedRun(
            arguments: command.arguments
                + recipe.arguments(isResuming: isResuming, islandCount: islandCount)
        ).end(on: stopRequest, recall: recall(from: islandCount))
        let seconds = (ContinuousClock.now - start).components.seconds
        if ![0, Int(Self.stoppedExitCode)].contains(end.exitCode) {
            let cause = end.cause.map { ": \($0)" } ?? ""
            log.warning(
                "supervise: ended after \(seconds) s with exit code \(end.exitCode)\(cause)")
        }
        return end
    }
}

/// The pauses before restarts: each twice the one before, up to a minute, from 1 s again after progress.
package struct RestartPauses {
    private static let longest = 60
    private var seconds = 1

    package init() {}

    package mutating func next(afterProgress hasProgressed: Bool) -> Int {
        if hasProgressed { seconds = 1 }
        defer { seconds = min(2 * seconds, Self.longest) }
        return seconds
    }
}
