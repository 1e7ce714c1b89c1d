import Diagnostics

/// One of the records of a file, and the line in which it begins, from 1 on.
package struct JSONRecord: Equatable, Sendable {
    package let value: JSONValue
    package let line: Int

    /// Reads a JSON array of records, or JSON Lines: one record a line, empty lines between them.
    ///
    /// - Parameter place: the file, for the error, which adds the line.
    package static func parse(
        _ bytes: [UInt8], at place: String
    ) throws(Failure) -> [JSONRecord] {
        let result: Result<[JSONRecord], Failure> = bytes.withUnsafeBytes { buffer in
            Result { () throws(Failure) in
                var parser = JSONParser(
                    bytes: buffer, place: place, maximumDepth: 64, names: .strings,
                    tellsLines: true)
                return numbered(try parser.records(), in: buffer)
            }
        }
        return try result.get()
    }

    private static func numbered(
        _ records: [(value: JSONValue, offset: Int)], in bytes: UnsafeRawBufferPointer
    ) -> [JSONRecord] {
        var (line, counted) = (1, 0)
        return records.map { record in
            line += bytes[counted..<record.offset].count { $0 == UInt8(ascii: "\n") }
            counted = record.offset
            return JSONRecord(value: record.value, line: line)
        }
    }
}
