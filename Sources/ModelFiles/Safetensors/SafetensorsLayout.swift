import JSON

/// The places of everything in a safetensors file of tensors of one type: known before a value is
/// written, so that several writers can fill one file.
package struct SafetensorsLayout: Equatable, Sendable {
    /// The entries of the tensors, in the order in which they were named.
    package let entries: [SafetensorsEntry]
    /// The length and the JSON, padded with spaces so that the data begins at a multiple of 8.
    package let header: [UInt8]

    /// Bytes of the whole file.
    package var fileSize: Int { header.count + (entries.last?.range.upperBound ?? 0) }

    /// - Parameter metadata: texts beside the tensors; "format" is added.
    /// - Precondition: names are unique, and none is `__metadata__`.
    package init(
        _ tensors: [(name: String, shape: [Int])], type: SafetensorsType = .float32,
        metadata: [String: String] = [:]
    ) {
        var entries: [SafetensorsEntry] = []
        var end = 0
        for (name, shape) in tensors {
            let size = shape.reduce(type.size, *)
            entries.append(
                SafetensorsEntry(name: name, type: type, shape: shape, range: end..<end + size))
            end += size
        }
        precondition(
            Set(entries.map(\.name) + ["__metadata__"]).count == entries.count + 1,
            "expected unique names, got \(entries.map(\.name))")
        self.entries = entries
        header = Self.header(entries, metadata)
    }

    /// The place of one tensor's bytes in the whole file.
    package func fileRange(of entry: SafetensorsEntry) -> Range<Int> {
        entry.range.lowerBound + header.count..<entry.range.upperBound + header.count
    }

    private static func header(
        _ entries: [SafetensorsEntry], _ metadata: [String: String]
    ) -> [UInt8] {
        let own = metadata.merging(["format": "pt"]) { $1 }.mapValues(JSONValue.string)
        var json = "{\"__metadata__\":\(JSONValue.object(own).text())"
        for entry in entries {
            let shape = entry.shape.map(String.init).joined(separator: ",")
            json += ",\(JSONValue.quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\""
            json += ",\"shape\":[\(shape)],\"data_offsets\":"
            json += "[\(entry.range.lowerBound),\(entry.range.upperBound)]}"
        }
        var bytes = Array((json + "}").utf8)
        while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
        let length = UInt64(bytes.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + bytes
    }
}
