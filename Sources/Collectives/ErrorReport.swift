import Diagnostics
import Foundation

/// The one line on standard error and the exit code with which an error ends the program.
package struct ErrorReport: Equatable, Sendable {
    /// The line of the error, without the line feed.
    package var line: String
    package var exitCode: Int32
    /// Whether this rank is the one that prints the line.
    package var isPrintedHere: Bool
    /// Whether every rank knows the error; otherwise the others may be waiting for this one.
    package var isAgreed: Bool

    package init(_ error: any Error, rank: Int, worldSize: Int) {
        if let agreed = error as? AgreedFailure {
            let number = agreed.isEverywhere ? nil : agreed.rank
            line = Self.line(agreed.failure.line, rank: number)
            exitCode = agreed.failure.exitCode
            isPrintedHere = rank == 0
            isAgreed = true
        } else {
            let failure = Failure(wrapping: error)
            line = Self.line(failure.line, rank: worldSize > 1 ? rank : nil)
            exitCode = failure.exitCode
            isPrintedHere = true
            isAgreed = worldSize == 1
        }
    }

    /// Writes the line in one piece, so that the lines of several ranks do not mix.
    package func print() {
        Console.write(line + "\n", to: .standardError)
    }

    private static func line(_ message: String, rank: Int?) -> String {
        "swift-llm-train: " + (rank.map { "rank \($0): " } ?? "") + message
    }
}

extension Communicator {
    /// Prints the line of `error` and returns the exit code with which this rank shall end; where
    /// the other ranks do not know the error, ends them all instead of leaving them waiting.
    package func end(with error: any Error) -> Int32 {
        let report = ErrorReport(error, rank: rank, worldSize: worldSize)
        if report.isPrintedHere { report.print() }
        guard report.isAgreed else { abort(exitCode: report.exitCode) }
        return report.exitCode
    }
}
