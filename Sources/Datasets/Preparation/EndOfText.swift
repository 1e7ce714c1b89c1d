import Glibc

/// The literal that ends a document in a text file, and the search for it.
enum EndOfText {
    static let literal = Array("<|endoftext|>".utf8)

    /// The offsets at which the literals begin.
    static func places(in bytes: [UInt8]) -> [Int] {
        var places: [Int] = []
        while let place = first(in: bytes, from: places.last.map { $0 + literal.count } ?? 0) {
            places.append(place)
        }
        return places
    }

    /// The first offset, from `start` on, at which the literal begins; nil where there is none.
    static func first(in bytes: [UInt8], from start: Int = 0) -> Int? {
        bytes.withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress else { return nil }
            var from = start
            while buffer.count - from >= literal.count,
                let hit = memchr(base + from, Int32(literal[0]), buffer.count - from)
            {
                let place = UnsafeRawPointer(hit) - base
                guard buffer.count - place >= literal.count else { return nil }
                if memcmp(hit, literal, literal.count) == 0 { return place }
                from = place + 1
            }
            return nil
        }
    }

    /// The first place in a range of a text at which the literal begins, which may end behind it.
    static func first(in text: SourceText, range: Range<Int>, step: Int = 1 << 20) throws -> Int? {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + step, range.upperBound)
            let bytes = try text.bytes(start..<min(end + literal.count - 1, text.size))
            if let place = first(in: bytes) { return start + place }
            start = end
        }
        return nil
    }

    /// The last place in a range of a text at which the literal begins, which may end behind it.
    static func last(in text: SourceText, range: Range<Int>, step: Int = 1 << 16) throws -> Int? {
        var (end, step) = (range.upperBound, step)
        while end > range.lowerBound {
            let start = max(end - step, range.lowerBound)
            let bytes = try text.bytes(start..<min(end + literal.count - 1, text.size))
            if let place = places(in: bytes).last { return start + place }
            (end, step) = (start, min(2 * step, 1 << 20))
        }
        return nil
    }

    /// The range without the literals with which it begins and ends.
    static func trimmed(_ range: Range<Int>, of text: SourceText) throws -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while end - start >= literal.count,
            try text.bytes(start..<start + literal.count) == literal
        {
            start += literal.count
        }
        while end - start >= literal.count, try text.bytes(end - literal.count..<end) == literal {
            end -= literal.count
        }
        return start..<end
    }
}
