/// The text of a shard in blocks that any process can read and encode for itself: where one ends and the
/// next begins follows from the few bytes around it.
///
/// A block ends behind the first literal after its nominal end, in a sixty-fourth of its size; else at a
/// line; else at a character, and the document goes on in the next block.
package struct TextBlocks {
    let texts: [SourceText]
    let ranges: [TextRange]
    let blockSize: Int
    /// The bytes before each range, and at the end those of all.
    private let starts: [Int]

    init(_ ranges: [TextRange], of texts: [SourceText], blockSize: Int) {
        precondition(blockSize > 0 && !ranges.isEmpty, "blocks of some text")
        self.texts = texts
        self.ranges = ranges
        self.blockSize = blockSize
        starts = ranges.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.bytes.count) }
    }

    /// The number of blocks, of which the last may be empty.
    package var count: Int { (starts[ranges.count] + blockSize - 1) / blockSize }

    /// The ranges of a block.
    func block(_ index: Int) throws -> [TextRange] {
        let (first, last) = (try border(index), try border(index + 1))
        guard first.range < ranges.count else { return [] }
        return (first.range...min(last.range, ranges.count - 1)).compactMap { number in
            var range = ranges[number]
            let start = number == first.range ? first.offset : range.bytes.lowerBound
            let end = number == last.range ? last.offset : range.bytes.upperBound
            guard start < end else { return nil }
            range.endsDocument = range.endsDocument && end == range.bytes.upperBound
            range.bytes = start..<end
            return range
        }
    }

    private struct Border {
        var range: Int
        var offset: Int
    }

    /// The end of the block before the one with this number.
    private func border(_ index: Int) throws -> Border {
        let place = index * blockSize
        guard place > 0 else { return Border(range: 0, offset: ranges[0].bytes.lowerBound) }
        guard place < starts[ranges.count] else { return Border(range: ranges.count, offset: 0) }
        var (low, high) = (0, ranges.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        let bytes = ranges[low].bytes
        let offset = bytes.lowerBound + place - starts[low]
        guard offset > bytes.lowerBound else { return Border(range: low, offset: offset) }
        return Border(range: low, offset: try end(in: texts[ranges[low].file], bytes, from: offset))
    }

    /// The end of the block whose nominal end is `place`, inside of `bytes`.
    private func end(in text: SourceText, _ bytes: Range<Int>, from place: Int) throws -> Int {
        let literal = EndOfText.literal.count
        // A character ends in four bytes.
        let reach = min(max(4, blockSize / 64), bytes.upperBound - place)
        // A literal across the nominal end counts.
        let first = max(bytes.lowerBound, place - literal + 1)
        if let found = try EndOfText.first(
            in: text, range: first..<place + reach, step: Self.stepSize)
        {
            return min(found + literal, bytes.upperBound)
        }
        let before = min(2, place - bytes.lowerBound)
        let window = try text.bytes(place - before..<place + reach)
        let cut =
            TextCut.line(in: window, before..<window.count, isForward: true)
            ?? TextCut.character(in: window, from: before)
        return place - before + cut
    }

    /// Bytes in which most documents end.
    private static let stepSize = 1 << 14
}
