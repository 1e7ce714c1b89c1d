import Foundation
import JSON
import Testing

extension Workspace {
    /// Replaces elements of a tensor of a safetensors file from `element` on.
    func replace(
        _ tensor: String, of file: String, from element: Int = 0, by values: [Float]
    ) throws {
        var bytes = try bytes(file)
        let size = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONValue(parsing: Array(bytes[8..<8 + size]), at: file)
        let start = try #require(header[tensor]?["data_offsets"]?.array?.first?.integer)
        let place = 8 + size + start + 4 * element
        values.withUnsafeBytes { bytes.replaceSubrange(place..<place + $0.count, with: $0) }
        try bytes.write(to: URL(filePath: self(file)))
    }

    /// A copy of a model directory without its hashes, so that its weights may be changed.
    func copyModel(_ directory: String, to copy: String) throws {
        try FileManager.default.copyItem(
            at: URL(filePath: self(directory)).resolvingSymlinksInPath(),
            to: URL(filePath: self(copy)))
        try? FileManager.default.removeItem(atPath: self("\(copy)/manifest.json"))
    }
}
