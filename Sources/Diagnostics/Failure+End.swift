import Foundation

extension Failure {
    /// Prints the program's line and ends the process, from code that cannot throw.
    ///
    /// Nothing is cleaned up: under MPI the launcher sees that a rank ended with an error, and ends the
    /// others.
    package func endProcess() -> Never {
        try? FileHandle.standardError.write(contentsOf: Data("swift-llm-train: \(line)\n".utf8))
        _exit(exitCode)
    }
}
