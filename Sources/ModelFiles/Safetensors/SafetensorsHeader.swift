import Diagnostics
import JSON

/// The checked header of a safetensors file.
///
/// A file is: 8 bytes, the length of the header as little-endian integer; the header, a JSON object
/// of `NAME: {"dtype", "shape", "data_offsets": [begin, end]}` and `__metadata__`; the data. The
/// tensors fill the data without holes or overlaps.
/// Source: the format description of huggingface/safetensors.
struct SafetensorsHeader {
    static let prefixSize = 8
    /// The limit of the official library.
    static let maximumSize = 100_000_000

    /// The entries of the tensors, in the order of the data.
    let entries: [SafetensorsEntry]
    let metadata: [String: String]

    /// - Parameter dataSize: bytes that follow the header.
    init(parsing header: [UInt8], dataSize: Int, at path: String) throws(Failure) {
        let json = try JSONValue(parsing: header, at: path, maximumDepth: 8)
        guard var members = json.object else {
            throw Self.failure(expected: "an object", got: json.summary, at: path)
        }
        metadata = try Self.metadata(members.removeValue(forKey: "__metadata__"), at: path)
        var entries: [SafetensorsEntry] = []
        for (name, value) in members {
            entries.append(try Self.entry(name, value, at: "\(path), tensor \(name)"))
        }
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound, $0.name)
                < ($1.range.lowerBound, $1.range.upperBound, $1.name)
        }
        try Self.checkOrder(entries, dataSize: dataSize, at: path)
        self.entries = entries
    }

    private static func metadata(
        _ value: JSONValue?, at path: String
    ) throws(Failure) -> [String: String] {
        guard let value else { return [:] }
        guard let members = value.object else {
            throw failure(expected: "__metadata__ an object", got: value.summary, at: path)
        }
        var metadata: [String: String] = [:]
        for (name, value) in members {
            guard let text = value.string else {
                throw failure(expected: "__metadata__ of texts", got: value.summary, at: path)
            }
            metadata[name] = text
        }
        return metadata
    }

    private static func entry(
        _ name: String, _ value: JSONValue, at place: String
    ) throws(Failure) -> SafetensorsEntry {
        let dtype = value["dtype"]
        guard let type = dtype?.string.flatMap(SafetensorsType.init(rawValue:)) else {
            throw failure(
                expected: "a dtype such as F32, BF16 or F16", got: dtype?.summary ?? "none",
                at: place)
        }
        let shape = try integers(value["shape"], named: "shape", at: place)
        let offsets = try integers(value["data_offsets"], named: "data_offsets", at: place)
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw failure(expected: "data_offsets [begin, end]", got: "\(offsets)", at: place)
        }
        let size = byteCount(shape: shape, type: type)
        guard size == offsets[1] - offsets[0] else {
            throw failure(
                expected: size.map { "\($0) bytes for \(type.rawValue) of shape \(shape)" }
                    ?? "a shape whose bytes can be counted",
                got: size == nil ? "\(shape)" : "\(offsets[1] - offsets[0])", at: place)
        }
        return SafetensorsEntry(
            name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
    }

    /// nil when the count overflows.
    private static func byteCount(shape: [Int], type: SafetensorsType) -> Int? {
        var count = type.size
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            count = product
        }
        return count
    }

    private static func integers(
        _ value: JSONValue?, named name: String, at place: String
    ) throws(Failure) -> [Int] {
        let integers = value?.array?.compactMap(\.integer).filter { $0 >= 0 }
        guard let integers, integers.count == value?.array?.count else {
            throw failure(
                expected: "\(name), an array of integers from 0 on",
                got: value.map { $0.text(isPretty: false) }.map { String($0.prefix(80)) } ?? "none",
                at: place)
        }
        return integers
    }

    private static func checkOrder(
        _ entries: [SafetensorsEntry], dataSize: Int, at path: String
    ) throws(Failure) {
        var end = 0
        for entry in entries {
            guard entry.range.lowerBound == end else {
                throw failure(
                    expected: "the data of \(entry.name) to begin at byte \(end)",
                    got: "\(entry.range.lowerBound)", at: path)
            }
            end = entry.range.upperBound
        }
        guard end == dataSize else {
            throw Failure(
                end > dataSize ? "the file is truncated" : "the file has bytes of no tensor",
                expected: "\(end) bytes of data", got: "\(dataSize)", at: path)
        }
    }

    static func failure(expected: String, got: String, at place: String) -> Failure {
        Failure(
            "the header of the safetensors file is not valid", expected: expected, got: got,
            at: place)
    }
}
