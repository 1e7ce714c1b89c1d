import Diagnostics
import Files

// What is no JSON, and where.
extension JSONParser {
    func failure(expected: String, got: String? = nil) -> Failure {
        let found =
            got ?? current.map { byte in
                switch byte {
                case 0x0A, 0x0D: "the end of the line"
                case 0x21..<0x7F: "'\(Unicode.Scalar(byte))'"
                default: "byte \(byte)"
                }
            } ?? "the end"
        return Failure(
            "the JSON is not valid", expected: expected, got: found,
            at: "\(place), " + (firstLine.map(linePlace) ?? "byte \(position)"))
    }

    /// The line, and the number of the element where others begin on the same line. The end of the text
    /// lies where its last character is.
    private func linePlace(firstLine: Int) -> String {
        var end = min(position, bytes.count)
        if current == nil { while end > 0, Self.isSpace(bytes[end - 1]) { end -= 1 } }
        let line = "line \(firstLine + lineBreakCount(in: 0..<end))"
        guard isArray, recordCount > 0 else { return line }
        let (last, current) = recordOffsets
        let isShared = lineBreakCount(in: recordCount > 1 ? last..<current : current..<end) == 0
        return isShared ? "\(line), element \(recordCount)" : line
    }

    private func lineBreakCount(in range: Range<Int>) -> Int {
        bytes[range].count { $0 == UInt8(ascii: "\n") }
    }

    /// Names the format of what is no JSON, and passes over the mark of UTF-8 that some editors write.
    mutating func begin() throws(Failure) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let first = bytes.first
        let isLikely = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        // Zeros would be those of UTF-16.
        guard bytes.count > 1, !isLikely || bytes[1] == 0 else { return }
        if let format = FileFormat(ofDocument: bytes.prefix(FileFormat.headSize)) {
            throw format.failure("the JSON is not valid", expected: "JSON", at: place)
        }
    }
}
