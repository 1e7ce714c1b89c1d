import Diagnostics
import Files
import JSON

/// A text file of examples, read whole. Its places are lines, counted from 1.
package struct ExampleFile: Sendable {
    package let path: String
    /// UTF-8 without a byte order mark.
    let bytes: [UInt8]

    /// Half a million conversations of GPT-4's length.
    private static let maximumSize = 2 << 30
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Line ends of old Macs, carriage returns in a file without another line end, are made those of
    /// others.
    ///
    /// - Throws: `Failure` for a file that cannot be read, one of another format, which it names, and
    ///   text that is not UTF-8 where that is its encoding.
    package init(reading path: String, _ encoding: TextEncoding = .utf8) throws(Failure) {
        let what = "cannot read the examples"
        var bytes = try FileReader.bytes(of: path, what: what, maximumSize: Self.maximumSize)
        if encoding != .utf16, let format = FileFormat(of: bytes) {
            throw format.failure(what, at: path)
        }
        bytes = encoding.utf8(bytes)
        if bytes.starts(with: Self.byteOrderMark) {
            bytes.removeFirst(Self.byteOrderMark.count)
        }
        let (newline, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        if !bytes.contains(newline), bytes.count(where: { $0 == carriageReturn }) > 1 {
            bytes = bytes.map { $0 == carriageReturn ? newline : $0 }
        }
        self.path = path
        self.bytes = bytes
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

    /// Reads one JSON document a line.
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
        let sample = TextSample([bytes])
        if let failure = sample.refusal("cannot read the examples", at: path) { throw failure }
        let isLatin = sample.isLikeLatin1
        throw Failure(
            "the file is not UTF-8", expected: FileFormat.wanted,
            got: "byte 0x\(String(bytes[fault], radix: 16))"
                + (isLatin ? ", as in Latin-1 or Windows-1252" : ""),
            at: place(ofLine: line),
            remedy: FileFormat.conversion(isLatin ? "WINDOWS-1252" : "ENCODING")
                + ", or name its encoding")
    }
}
