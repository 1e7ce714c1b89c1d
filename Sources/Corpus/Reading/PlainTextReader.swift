import Diagnostics
import Glibc

/// What separates the documents of a plain text.
package struct TextSeparator {
    package let bytes: [UInt8]
    /// Whether it consists of line feeds, of which more than it has are one separator, too.
    package let isFeeds: Bool

    package init(_ text: String) {
        bytes = Array(text.utf8)
        isFeeds = bytes.allSatisfy { $0 == 0x0A }
    }

    /// Whether its places do not depend on where a search begins: no end of it is its beginning.
    package var isFindable: Bool {
        isFeeds || !(1..<max(1, bytes.count)).contains { bytes.suffix($0) == bytes.prefix($0) }
    }
}

/// The documents of a plain text that begin in a part of a file.
package final class PlainTextReader: DocumentReader {
    private let buffer: StreamBuffer
    private let separator: TextSeparator
    private let limit: PartLimit
    private let rules: ReadingRules
    private var isAtEnd = false

    /// The bytes before a part that a reader must see.
    package static func lead(_ separator: String) -> Int { separator.utf8.count + 1 }

    /// - Parameters:
    ///   - stream: The bytes from `lead` before `offset` on.
    ///   - limit: The place from which on documents belong to another part.
    package init(_ stream: any ByteStream, from offset: Int, limit: Int, _ rules: ReadingRules)
        throws
    {
        separator = TextSeparator(rules.options.separator)
        self.limit = PartLimit(below: limit)
        self.rules = rules
        let origin = max(0, offset - Self.lead(rules.options.separator))
        buffer = StreamBuffer(stream, origin: origin)
        guard offset > 0 else { return }
        // The first document is that behind the first separator that ends here or later.
        repeat {
            guard let place = try distance() else {
                isAtEnd = true
                return
            }
            buffer.skip(place.start + place.count)
        } while buffer.offset < offset
    }

    /// - Parameter isContinued: Whether what comes before the first separator belongs to the part before.
    package init(
        _ stream: any ByteStream, isContinued: Bool, limit: PartLimit, _ rules: ReadingRules
    ) throws {
        separator = TextSeparator(rules.options.separator)
        self.limit = limit
        self.rules = rules
        buffer = StreamBuffer(stream)
        guard isContinued else { return }
        if let place = try distance() {
            buffer.skip(place.start + place.count)
        } else {
            isAtEnd = true
        }
    }

    package func next() throws -> ReadRecord? {
        while !isAtEnd, buffer.offset <= limit.last {
            let offset = buffer.offset
            let bytes: [UInt8]
            if let place = try distance() {
                bytes = buffer.take(place.start)
                buffer.skip(place.count)
            } else {
                bytes = buffer.take(buffer.available)
                isAtEnd = true
            }
            let place = "\(rules.path), byte \(offset)"
            let text = Self.unmarked(bytes, isFirst: offset == 0)
            guard text.contains(where: { $0 > 0x20 }) else { continue }
            return .document(
                Document(text: try rules.text(text, at: place).text, source: place))
        }
        return nil
    }

    private static func unmarked(_ bytes: [UInt8], isFirst: Bool) -> [UInt8] {
        isFirst && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// The bytes before the next separator, and its length; nil where there is none.
    private func distance() throws -> (start: Int, count: Int)? {
        guard !separator.bytes.isEmpty else {
            while try buffer.fill() {}
            return nil
        }
        var known = 0
        while true {
            if let found = find(from: known) {
                return (found, try length(at: found))
            }
            known = max(0, buffer.available - separator.bytes.count + 1)
            if try !buffer.fill() { return nil }
        }
    }

    private func find(from known: Int) -> Int? {
        buffer.bytes.withUnsafeBufferPointer { bytes in
            let start = buffer.start
            guard start + known <= bytes.count else { return nil }
            return bytes.firstPlace(of: separator.bytes, in: start + known..<bytes.count)
                .map { $0 - start }
        }
    }

    private func length(at place: Int) throws -> Int {
        var count = separator.bytes.count
        guard separator.isFeeds else { return count }
        while true {
            try buffer.require(place + count + 1)
            let index = buffer.start + place + count
            guard index < buffer.bytes.count, buffer.bytes[index] == 0x0A else { return count }
            count += 1
        }
    }
}
