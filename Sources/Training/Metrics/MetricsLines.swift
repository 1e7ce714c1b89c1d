import Files
import JSON

/// The lines of a metrics.jsonl that grows, a piece at a time.
package enum MetricsLines {
    static let feed = UInt8(ascii: "\n")

    /// Calls `body` with each whole line between a place and another one `limit` bytes behind it, without
    /// its line feed, and with where it ends; empty ones are left out.
    ///
    /// - Returns: where the last whole line ends.
    package static func forEach(
        of reader: FileReader, from offset: Int, limit: Int,
        _ body: (_ line: ArraySlice<UInt8>, _ end: Int) throws -> Void
    ) throws -> Int {
        let count = min(limit, reader.size - offset)
        guard count > 0 else { return offset }
        let bytes = try reader.bytes(at: offset, count: count)
        var start = 0
        while let end = bytes[start...].firstIndex(of: feed) {
            if end > start { try body(bytes[start..<end], offset + end + 1) }
            start = end + 1
        }
        return offset + start
    }
}

/// A training step as a row of columns: the numbers of its record by their names, those of objects in it by
/// NAME.MEMBER.
struct MetricsRow {
    let step: Int
    /// Where its line ends in metrics.jsonl.
    let end: Int
    private(set) var values: [(name: [UInt8], value: Double)] = []

    /// Nil for what is no training step, or none that a run has.
    init?(_ record: JSONValue, end: Int) {
        guard record["kind"]?.string == "train", let step = record["step"]?.integer, step >= 0,
            step <= Int32.max
        else { return nil }
        (self.step, self.end) = (step, end)
        for member in record.members ?? [] where !member.key.elementsEqual("step".utf8) {
            if let members = member.value.members {
                for inner in members {
                    add(member.key + [UInt8(ascii: ".")] + inner.key, inner.value)
                }
            } else {
                add(member.key, member.value)
            }
        }
    }

    /// JSON has but null for what is not finite.
    private mutating func add(_ name: [UInt8], _ value: JSONValue) {
        guard name.count <= RowChunk.maximumNameLength else { return }
        if let number = value.double {
            values.append((name, number))
        } else if value.isNull {
            values.append((name, .nan))
        }
    }
}
