import Diagnostics
import Files
import Foundation

/// The files of a corpus that is being made, in a hidden directory of its output.
package struct WorkFiles: Sendable {
    package let output: String

    package static let directoryName = ".work"
    /// The folder of plain texts in the output.
    package static let textFolder = "text"

    package var directory: String { "\(output)/\(Self.directoryName)" }
    /// What was piped into the program.
    package var pipedPath: String { "\(directory)/standard-input" }
    package static let planName = ".plan"
    package static let reportName = "report.json"

    package var planPath: String { "\(output)/\(Self.planName)" }
    package var reportPath: String { "\(output)/\(Self.reportName)" }

    /// What the stages write of each piece.
    package enum Kind: String, CaseIterable {
        /// Kept records, before and after the deduplication.
        case clean, final
        /// Records that either stage dropped.
        case cleanDropped = "clean-dropped"
        case finalDropped = "final-dropped"
        /// Numbers that tell which documents are alike.
        case marks
        /// Copies, and lines that came before.
        case copies, repeated
        /// Counts; the last file of a stage.
        case cleanCounts = "clean-counts"
        case finalCounts = "final-counts"
    }

    package func path(_ kind: Kind, _ piece: Int) -> String {
        "\(directory)/\(kind.rawValue)-\(Self.number(piece, digits: 6))"
    }

    package func partPath(_ part: Int, isDropped: Bool, _ compression: OutputCompression) -> String
    {
        let suffix = compression == .none ? "" : ".\(compression.rawValue)"
        let folder = isDropped ? "\(output)/dropped" : output
        return "\(folder)/part-\(Self.number(part, digits: 5)).jsonl\(suffix)"
    }

    package func textPath(_ part: Int) -> String {
        "\(output)/\(Self.textFolder)/part-\(Self.number(part, digits: 5)).txt"
    }

    package static func number(_ value: Int, radix: Int = 10, digits: Int) -> String {
        let text = String(value, radix: radix)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    package func counts(_ kind: Kind, _ piece: Int) throws -> PieceStatistics? {
        let path = path(kind, piece)
        return try DirectoryEntries.isThere(path) ? counts(at: path) : nil
    }

    package func counts(at path: String) throws -> PieceStatistics {
        try Self.counts(of: FileReader.bytes(of: path))
    }

    package static func counts(of text: [UInt8]) throws -> PieceStatistics {
        try JSONDecoder().decode(PieceStatistics.self, from: Data(text))
    }

    package func write(_ counts: PieceStatistics, _ kind: Kind, _ piece: Int) throws {
        try PublishedFile.write(Self.text(counts), to: path(kind, piece))
    }

    package static func text(_ counts: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(counts)) + [0x0A]
    }
}

/// A file of records that is written in large parts.
package final class RecordFile {
    private let writer: FileWriter
    private var bytes: [UInt8] = []
    /// The bytes so far.
    private(set) var size = 0

    private static let partSize = 1 << 20

    /// Writes a file that appears when `body` has returned.
    package static func write<Result>(to path: String, _ body: (RecordFile) throws -> Result) throws
        -> Result
    {
        var result: Result?
        try PublishedFile.write(to: path) { writer in
            let file = RecordFile(writer)
            result = try body(file)
            try file.flush()
        }
        guard let result else { preconditionFailure("the body of a published file has run") }
        return result
    }

    private init(_ writer: FileWriter) { self.writer = writer }

    package func append(_ document: Document) throws {
        let count = bytes.count
        RecordText.append(document, to: &bytes)
        size += bytes.count - count
        if bytes.count >= Self.partSize { try flush() }
    }

    package func append(_ numbers: [UInt64]) throws {
        for number in numbers {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        size += 8 * numbers.count
        if bytes.count >= Self.partSize { try flush() }
    }

    private func flush() throws {
        try writer.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
