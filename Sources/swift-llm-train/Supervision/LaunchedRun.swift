import Diagnostics
import Foundation
import Signals
import Subprocess
import SystemPackage

/// One mpirun, in a process group of its own, so that Ctrl-C reaches its supervisor alone; it ends when
/// that one is killed.
struct LaunchedRun {
    /// The end of a run.
    struct End: Equatable {
        /// mpirun's exit code; 128 and the signal's number where one ended mpirun itself.
        var exitCode: Int
        /// The cause of the end, in the words of the run; nil where it left none.
        var cause: String?
        /// Whether the run was asked to stop because `recall` had returned.
        var wasRecalled = false
    }

    /// The options of mpirun, the program and its arguments.
    let arguments: [String]

    /// - Parameters:
    ///   - request: Its first signal is passed on as USR1 (save and stop), a later Ctrl-C as TERM. USR1 is
    ///     repeated, since mpirun drops it as long as there are no ranks.
    ///   - recall: The run is to save and stop when this returns; nil: never.
    /// - Throws: `Failure` when there is no mpirun.
    func end(
        on request: StopRequest, recall: (@Sendable () async throws -> Void)? = nil
    ) async throws -> End {
        var options = PlatformOptions()
        options.processGroupID = 0
        let (relay, tether) = (try ErrorRelay(), try Tether())
        let stop = RepeatedStop()
        let recalling = Recalling()
        defer {
            recalling.end()
            stop.end()
            tether.release()
        }
        do {
            let mpirun = try await Executable.name("mpirun").resolveExecutablePath(in: .inherit)
            let result = try await Subprocess.run(
                .name("sh"), arguments: Arguments(Tether.script + [mpirun.string] + arguments),
                environment: Self.environment, platformOptions: options,
                input: .fileDescriptor(tether.reader, closeAfterSpawningProcess: true),
                output: .currentStandardOutput,
                error: .fileDescriptor(relay.writer, closeAfterSpawningProcess: true)
            ) { execution in
                let process = execution.processIdentifier.value
                recall.map { recalling.start($0) { stop.start(process) } }
                request.react { number in
                    let isHurried = number == SIGINT && request.signalCount > 1
                    if isHurried { kill(process, SIGTERM) } else { stop.start(process) }
                }
            }
            request.ignore()
            // The tether's child, and agents that still wait for a host that is gone.
            kill(-result.processIdentifier.value, SIGKILL)
            return End(
                exitCode: result.terminationStatus.code, cause: relay.finish(),
                wasRecalled: recalling.isDone)
        } catch let error as SubprocessError {
            request.ignore()
            _ = relay.finish()
            throw Failure(
                "cannot start mpirun", got: "\(error)",
                remedy: "on Debian or Ubuntu: apt-get install openmpi-bin, on every host")
        }
    }

    /// OpenMPI refuses root without both.
    private static var environment: Environment {
        guard getuid() == 0 else { return .inherit }
        return .inherit.updating([
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        ])
    }
}

extension TerminationStatus {
    fileprivate var code: Int {
        switch self {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    }
}

/// The line of mpirun's standard error that best describes what ended a run, and on which host.
///
/// The line of the program itself wins; then mpirun's word on a killed rank, then on a lost host.
package struct LastWords {
    package private(set) var text: String?
    private var rank = 0

    package init() {}

    package mutating func read(_ line: some StringProtocol) {
        let line = line.trimmingCharacters(in: .whitespaces)
        if line.hasPrefix("swift-llm-train: ") {
            note(String(line.dropFirst("swift-llm-train: ".count)), rank: 3)
        } else if line.hasPrefix("mpirun noticed that process rank") {
            note(String(line.dropFirst("mpirun noticed that process ".count)), rank: 2)
        } else if line.hasPrefix("Remote daemon:"), let node = line.split(separator: " ").last {
            note("lost the connection to \(node)", rank: 1)
        }
    }

    /// The first of its kind is the cause; later ones follow from it.
    private mutating func note(_ words: String, rank: Int) {
        guard rank > self.rank else { return }
        self.rank = rank
        text = words.hasSuffix(".") ? String(words.dropLast()) : words
    }
}
