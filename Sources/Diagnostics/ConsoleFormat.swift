import Foundation
import Synchronization

/// The form of what a run prints on standard output.
package enum ConsoleFormat: String, CaseIterable, Sendable {
    /// Lines for people.
    case text
    /// One JSON object a line: the metrics as in metrics.jsonl, and of kind `log` what else is said.
    case json

    private static let isJSON = Atomic<Bool>(false)
    /// The beginning of a line that has not ended yet.
    private static let rest = Mutex<[UInt8]>([])

    package static var current: ConsoleFormat {
        get { isJSON.load(ordering: .relaxed) ? .json : .text }
        set { isJSON.store(newValue == .json, ordering: .relaxed) }
    }

    /// A message as a JSON object.
    package static func object(_ message: String, level: String = "info") -> String {
        let members = [
            "kind": "log", "level": level, "message": message, "time": Date().ISO8601Format(),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings can always be encoded.
        let bytes = (try? encoder.encode(members)) ?? Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The whole lines of text that comes in parts, each as a JSON object; what has no end yet waits.
    static func objects(ofNext bytes: [UInt8]) -> [UInt8] {
        rest.withLock { rest in
            rest += bytes
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
            let lines = rest[..<end].split(separator: UInt8(ascii: "\n"))
            rest.removeSubrange(...end)
            return lines.flatMap { line in
                Array((object(String(decoding: line, as: UTF8.self)) + "\n").utf8)
            }
        }
    }
}
