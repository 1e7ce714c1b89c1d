import Diagnostics
import Foundation
import JSON

/// A command of the user's that reads lines of JSON and answers each with a line of JSON, in their order.
package struct LineCommand {
    private let command: String
    private let seconds: Double

    /// How often a line is asked before it stays without an answer.
    package static let attemptCount = 3
    /// Characters of a line that a message shows.
    private static let shownCount = 200

    /// - Parameter seconds: that it may take for all lines.
    package init(_ command: String, seconds: Double) {
        (self.command, self.seconds) = (command, seconds)
    }

    /// The answers up to the first line that gets none, and what was wrong with that.
    ///
    /// - Parameter read: an answer; nil for a line that is none.
    /// - Throws: `Failure` where the system starts no command.
    package func answers<Answer>(
        to lines: [String], _ read: (JSONValue) -> Answer?
    ) throws -> (found: [Answer], problem: String) {
        var found: [Answer] = []
        var problem = ""
        for _ in 0..<Self.attemptCount where found.count < lines.count {
            let asked = lines.dropFirst(found.count)
            let result = try ShellCommand(command).run(
                asked.map { $0 + "\n" }.joined(), seconds: seconds)
            problem = result.problem ?? "fewer lines than answers"
            for line in Self.lines(of: result.output).prefix(asked.count) {
                guard let json = try? JSONValue(parsing: line, at: "an answer"),
                    let answer = read(json)
                else {
                    let text = String(decoding: line, as: UTF8.self)
                    problem = "the line \(text.prefix(Self.shownCount))"
                    break
                }
                found.append(answer)
            }
        }
        return (found, problem)
    }

    /// The lines that are not empty, which a line feed ends, or a carriage return before it: the other
    /// breaks of Unicode may stand in a text of JSON.
    private static func lines(of output: String) -> [[UInt8]] {
        output.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            return line.isEmpty ? nil : Array(line)
        }
    }
}
