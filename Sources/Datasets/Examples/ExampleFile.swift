import Diagnostics
import Files
import JSON

/// A text file of examples, read whole. Its places are lines, counted from 1.
package struct ExampleFile: Sendable {
    package let path: String
    /// UTF-8 without a byte order mark.
    let bytes: [UInt8]

    /// Far more than a set of examples has.
    private static let maximumSize = 1 << 30
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// - Throws: `Failure` for a file that cannot be read, and for one that is not UTF-8.
    package init(reading path: String) throws(Failure) {
        let bytes = try FileReader.bytes(
            of: path, what: "cannot read the examples", maximumSize: Self.maximumSize)
        self.path = path
        let hasMark = bytes.starts(with: Self.byteOrderMark)
        self.bytes = hasMark ? Array(bytes.dropFirst(Self.byteOrderMark.count)) : bytes
        try refuseMalformed()
    }

    package func place(ofLine line: Int) -> String { "\(path), line \(line)" }

    /// The lines that are not blank, without what ends them.
    package var lines: [(number: Int, bytes: ArraySlice<UInt8>)] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
            .map { ($0 + 1, $1.last == UInt8(ascii: "\r") ? $1.dropLast() : $1) }
            .filter { !$0.bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
    }

    /// One JSON document a line.
    package func jsonLines() throws(Failure) -> [(line: Int, value: JSONValue)] {
        var values: [(line: Int, value: JSONValue)] = []
        for (number, bytes) in lines {
            let place = place(ofLine: number)
            values.append((number, try JSONValue(parsing: Array(bytes), at: place)))
        }
        return values
    }

    private func refuseMalformed() throws(Failure) {
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        var scanner = UTF8Scanner()
        for byte in bytes { _ = scanner.consume(byte) }
        scanner.finish()
        let fault = scanner.firstFault ?? 0
        let line = bytes[..<fault].count { $0 == UInt8(ascii: "\n") } + 1
        throw Failure(
            "the file is not UTF-8", got: "byte 0x\(String(bytes[fault], radix: 16))",
            at: place(ofLine: line), remedy: "convert it to UTF-8")
    }
}
