import Diagnostics
import JSON

/// The pages and texts of a WARC file, with their addresses. Source: ISO 28500:2017.
///
/// Records of type `response` hold pages, of which the main text is taken; those of type `conversion` are text.
/// Others are passed over.
package final class WARCReader: DocumentReader {
    private let buffer: StreamBuffer
    private let rules: ReadingRules
    private let limit: PartLimit

    /// A page above so many bytes is passed over.
    private static let maximumPageSize = 64 << 20
    private static let maximumHeadSize = 1 << 16

    package init(_ stream: any ByteStream, limit: PartLimit = PartLimit(), _ rules: ReadingRules) {
        buffer = StreamBuffer(stream)
        self.limit = limit
        self.rules = rules
    }

    package func next() throws -> ReadRecord? {
        while let head = try head() {
            guard let size = head["content-length"].flatMap({ Int($0) }), size >= 0 else {
                throw cut("the length of a record", got: "none")
            }
            let place = "\(rules.path), byte \(buffer.offset)"
            let kind = head["warc-type"] ?? ""
            guard kind == "response" || kind == "conversion", size <= Self.maximumPageSize else {
                try MemberStream(buffer, size: size).skipRest()
                continue
            }
            try buffer.require(size)
            guard buffer.available >= size else { throw cut("\(size) bytes", got: "fewer") }
            let body = buffer.take(size)
            if let record = try record(kind, head, body, at: place) { return record }
        }
        return nil
    }

    private func record(
        _ kind: String, _ head: [String: String], _ body: [UInt8], at place: String
    ) throws -> ReadRecord? {
        var metadata: [JSONValue.Member] = []
        for (name, field) in [("url", "warc-target-uri"), ("date", "warc-date")] {
            guard let value = head[field] else { continue }
            metadata.append(.init(key: Array(name.utf8), value: .string(value)))
        }
        if kind == "conversion" {
            let text = try rules.text(body, at: place).text
            return .document(Document(text: text, metadata: metadata, source: place))
        }
        guard let (fields, start) = Self.fields(body, from: 0) else { return nil }
        let type = fields["content-type"] ?? "text/html"
        guard type.contains("html") || type.contains("text/plain") else { return nil }
        let page = Array(body[start...])
        let text =
            try type.contains("html")
            ? HTMLText.mainText(of: page, charset: HTMLText.charset(in: type))
            : rules.text(page, at: place).text
        guard text.contains(where: { $0 > 0x20 }) else {
            return .unreadable(
                reason: "no_text", source: place,
                excerpt: Array((head["warc-target-uri"] ?? "").utf8))
        }
        return .document(Document(text: text, metadata: metadata, source: place))
    }

    /// The fields of the next record, in lower case; nil at the end of the part.
    private func head() throws -> [String: String]? {
        while true {
            try buffer.require(1)
            guard buffer.available > 0 else { return nil }
            let byte = buffer.bytes[buffer.start]
            guard byte == 0x0D || byte == 0x0A else { break }
            buffer.skip(1)
        }
        guard buffer.offset <= limit.last else { return nil }
        var size = 4096
        while true {
            try buffer.require(size)
            let block = Array(buffer.bytes[buffer.start...].prefix(size))
            guard block.starts(with: "WARC/".utf8) else {
                throw cut("the head of a record", got: "other bytes")
            }
            if let (fields, end) = Self.fields(block, from: 0) {
                buffer.skip(end)
                return fields
            }
            guard block.count == size, size < Self.maximumHeadSize else {
                throw cut("the end of a head", got: "none")
            }
            size *= 4
        }
    }

    /// Lines such as "Name: value" behind a first one, up to an empty line; nil where that is missing.
    private static func fields(
        _ bytes: [UInt8], from start: Int
    ) -> (fields: [String: String], end: Int)? {
        var (fields, position): ([String: String], Int) = ([:], start)
        var isFirst = true
        while let feed = bytes[position...].firstIndex(of: 0x0A) {
            var line = bytes[position..<feed]
            if line.last == 0x0D { line.removeLast() }
            position = feed + 1
            if line.isEmpty { return (fields, position) }
            if !isFirst, let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
                let value = line[(colon + 1)...].drop { $0 == 0x20 }
                fields[name] = fields[name] ?? String(decoding: value, as: UTF8.self)
            }
            isFirst = false
        }
        return nil
    }

    private func cut(_ expected: String, got: String) -> CutFile {
        CutFile(
            failure: Failure(
                "the WARC file is cut off or damaged", expected: expected, got: got,
                at: "\(rules.path), byte \(buffer.offset)", remedy: "fetch it again"))
    }
}
