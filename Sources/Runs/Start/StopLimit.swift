import Collectives
import Diagnostics
import Foundation

/// How long a batch system lets a run live after its signal, where the recipe leaves that open.
enum StopLimit {
    /// What a batch script sets to the seconds between the signal and the end that it has asked for.
    static let variable = "SWIFT_LLM_STOP_SECONDS"

    /// The seconds that a stop has: those of the recipe, else those that rank 0 was told. Collective.
    ///
    /// - Throws: `Failure` where what it was told is no number of seconds.
    static func agree(
        _ seconds: Int?, over communicator: any Communicator,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Int? {
        let told = try communicator.agree { communicator.rank == 0 ? try read(environment) : nil }
        let agreed = try communicator.broadcast([told ?? 0], from: 0)[0]
        return seconds ?? (agreed > 0 ? agreed : nil)
    }

    private static func read(_ environment: [String: String]) throws -> Int? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let seconds = Int(text), seconds > 0 else {
            throw Failure(
                "\(variable) is no number of seconds", expected: "an integer of at least 1",
                got: text, remedy: "correct it, or unset it", kind: .usage)
        }
        return seconds
    }
}
