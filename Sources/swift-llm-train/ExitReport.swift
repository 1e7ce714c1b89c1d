import ArgumentParser
import Diagnostics
import Foundation

/// The text and the exit code of the program when a command ends by throwing.
package struct ExitReport: Equatable {
    package let exitCode: Int32
    /// Help, or one line that starts with the program's name.
    package let text: String

    /// - Parameter columns: The width of help; by default the terminal's.
    package init(_ error: any Error, columns: Int? = nil) {
        if let failure = error as? Failure {
            exitCode = failure.exitCode
            text = Self.line(failure.line)
        } else {
            let code = SwiftLLMTrain.exitCode(for: error)
            exitCode = code.rawValue
            text =
                code == .success
                ? SwiftLLMTrain.fullMessage(for: error, columns: columns)
                : Self.line(
                    SwiftLLMTrain.message(for: error), isUsageError: code == .validationFailure)
        }
    }

    /// Prints to standard output after success, else to standard error.
    package func print() {
        let stream = exitCode == 0 ? FileHandle.standardOutput : FileHandle.standardError
        guard !text.isEmpty else { return }
        // Help was all that was asked for; the code of a failure tells more than a closed stream.
        Console.endsProgram = exitCode == 0
        Console.write(text + "\n", to: stream)
    }

    /// A message of ArgumentParser, which ends some with a full stop.
    private static func line(_ message: String, isUsageError: Bool) -> String {
        let message = message.hasSuffix(".") ? String(message.dropLast()) : message
        return line(isUsageError ? message + "; see --help" : message)
    }

    /// Messages are one line, so that the ranks' lines cannot mix.
    private static func line(_ message: String) -> String {
        let words = message.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        return "swift-llm-train: " + words.joined(separator: " ")
    }
}
