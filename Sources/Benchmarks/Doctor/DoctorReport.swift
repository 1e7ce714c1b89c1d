import Diagnostics
import Foundation
import JSON

/// The findings of the doctor, for people and for programs.
package struct DoctorReport {
    package let host: String
    package let worldSize: Int
    let machine: MachineFacts
    let libraries: LibraryFacts
    let speed: SpeedFacts
    /// The warnings of the ranks' common choice of kernels and threads.
    let agreementWarnings: [String]

    private static let width = 80
    private static let nameWidth = 12
    private static let formatVersion = 1

    private var parts: [any DoctorPart] { [machine, libraries, speed] }

    package var warnings: [String] { parts.flatMap(\.warnings) + agreementWarnings }

    package var text: String {
        var lines = ["swift-llm-train doctor on \(host), \(Quantity.count(worldSize, "rank"))"]
        for part in parts {
            lines += ["", part.title]
            for line in part.lines {
                let name = line.name.padding(
                    toLength: Self.nameWidth, withPad: " ", startingAt: 0)
                let indent = String(repeating: " ", count: 2 + Self.nameWidth)
                lines += Self.wrapped(line.value, first: "  " + name, indent: indent)
                lines += Self.wrapped(line.meaning, first: indent, indent: indent)
            }
        }
        lines.append("")
        lines += warnings.flatMap { Self.wrapped($0, first: "warning: ", indent: "  ") }
        if warnings.isEmpty { lines.append("No warnings: this machine is ready to train.") }
        return lines.joined(separator: "\n")
    }

    /// The report as one JSON object; keys are never renamed, new ones may come.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "format_version": .integer(Self.formatVersion), "host": .string(host),
            "world_size": .integer(worldSize),
            "warnings": .array(warnings.map(JSONValue.string)),
        ]
        for part in [machine.json, libraries.json, speed.json] {
            members.merge(part) { first, _ in first }
        }
        return .object(members)
    }

    /// Breaks the text at spaces; a word that is longer than a line has a line of its own.
    private static func wrapped(_ text: String, first: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = indent
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}

/// One line of the doctor's report, and what it means for training, in plain English.
package struct DoctorLine: Equatable {
    package let name: String
    package let value: String
    let meaning: String

    package init(_ name: String, _ value: String, _ meaning: String) {
        self.name = name
        self.value = value
        self.meaning = meaning
    }
}

/// A part of the report: for people, for programs, and what to worry about.
protocol DoctorPart {
    var title: String { get }
    var lines: [DoctorLine] { get }
    var warnings: [String] { get }
}
