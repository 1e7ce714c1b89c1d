import Tokenizers

/// Text files in parts that any process can read for itself, cut where no word is cut.
package struct TextParts {
    private let texts: [SourceText]
    private let partSize: Int
    /// The numbers of the parts before each file, and at the end that of all.
    private let starts: [Int]
    /// The number of parts that are taken, evenly spread over all of them.
    package let count: Int
    private let joinsLines: Bool

    /// Bytes of a part of a whole text, and of a sample.
    private static let largeSize = 1 << 24
    private static let smallSize = 1 << 20
    /// Bytes in which a word ends, in a text that has words.
    private static let reach = 1 << 20
    private static let stepSize = 1 << 14

    /// - Parameters:
    ///   - sampleSize: the bytes that are taken; nil takes all.
    ///   - joinsLines: whether words may hold line feeds behind signs.
    package init(_ texts: [SourceText], sampleSize: Int? = nil, joinsLines: Bool = false) {
        let size = texts.reduce(0) { $0 + $1.size }
        if let sampleSize, sampleSize < size {
            self.init(texts, partSize: Self.smallSize, sampleSize, joinsLines: joinsLines)
        } else {
            self.init(texts, partSize: Self.largeSize, nil, joinsLines: joinsLines)
        }
    }

    init(_ texts: [SourceText], partSize: Int, _ sampleSize: Int?, joinsLines: Bool = false) {
        (self.texts, self.joinsLines) = (texts, joinsLines)
        self.partSize = partSize
        starts = texts.reduce(into: [0]) {
            $0.append($0[$0.count - 1] + ($1.size + partSize - 1) / partSize)
        }
        let taken = sampleSize.map { ($0 + partSize - 1) / partSize } ?? .max
        count = min(starts[texts.count], taken)
    }

    /// The files, for messages.
    package var places: String { TextInputs.list(texts.map(\.path)) }

    /// The bytes of one of the parts that are taken; a part may be empty.
    package func part(_ number: Int) throws -> [UInt8] {
        precondition((0..<count).contains(number), "\(number) is not in 0..<\(count)")
        let part = number * starts[texts.count] / count
        var (low, high) = (0, texts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= part { low = middle } else { high = middle }
        }
        let text = texts[low]
        let place = (part - starts[low]) * partSize
        let start = try border(in: text, at: place)
        return try text.bytes(start..<max(start, border(in: text, at: place + partSize)))
    }

    /// The first place from `place` on at which no word is cut, or no character where there is none.
    private func border(in text: SourceText, at place: Int) throws -> Int {
        guard place > 0, place < text.size else { return min(place, text.size) }
        var (start, step) = (place, Self.stepSize)
        while start < min(place + Self.reach, text.size) {
            // The four bytes before hold the character there.
            let first = max(0, start - 4)
            let window = try text.bytes(first..<min(start + step, text.size))
            let found = window.withUnsafeBufferPointer {
                WordBoundary.next(in: $0, from: start - first, joinsLines: joinsLines)
            }
            if let found { return first + found }
            (start, step) = (start + step, 4 * step)
        }
        guard start < text.size else { return text.size }
        return place
            + TextCut.character(in: try text.bytes(place..<min(place + 4, text.size)), from: 0)
    }
}
