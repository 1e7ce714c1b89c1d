import Diagnostics

/// The documents of a text, cut into those to train on and those that are held out.
///
/// What is held out is a share of the bytes, `fraction` of all, taken from the end: whole documents
/// while they fit into what is left of the share. Where more than a tenth of the share is left then, the
/// next document is longer than that, and its end fills the share: it is cut at a character, and both
/// sides are documents. So no document is cut where all are small beside the share; a long one is, rather
/// than that it goes to one side with all of the text. Each side has one character at least.
///
/// A single document of n scalars is cut after the first floor((1 - fraction) n).
struct DocumentSplit {
    private var train: [SourceDocument]
    private var validation: [SourceDocument] = []

    /// The part of the share that may stay empty before a document is cut for it.
    private static let tolerance = 0.1

    init(_ documents: [SourceDocument], fraction: Double, texts: [SourceText]) throws {
        train = documents
        guard let last = documents.last else { throw PreparationPlan.noText(texts) }
        if documents.count == 1 {
            let (first, second) = try Self.cut(
                last, fraction: fraction, text: texts[last.file])
            (train, validation) = ([first], [second])
            return
        }
        let share = fraction * Double(documents.reduce(0) { $0 + $1.range.count })
        var left = share
        while train.count > 1, let last = train.last, Double(last.range.count) <= left {
            left -= Double(last.range.count)
            validation.append(train.removeLast())
        }
        if left > Self.tolerance * share {
            // Four bytes hold a whole character, whichever it is.
            let least = validation.isEmpty ? 4 : 0
            try cutLast(takingBytes: max(least, Int(left)), texts)
        }
        if validation.isEmpty { validation = [train.removeLast()] }
        validation.reverse()
    }

    /// The last document to train on ends, and the first one that is held out begins there.
    var place: TextSplit {
        // Both parts have a document: the initialiser makes sure of it.
        let (last, first) = (train[train.count - 1], validation[0])
        return TextSplit(
            trainEnd: TextPlace(file: last.file, offset: last.range.upperBound),
            validationStart: TextPlace(file: first.file, offset: first.range.lowerBound))
    }

    /// Moves the end of the last document to the held-out ones, where it has a character to give and one
    /// to keep.
    private mutating func cutLast(takingBytes count: Int, _ texts: [SourceText]) throws {
        let last = train[train.count - 1]
        let place = try last.characterStart(
            from: max(last.range.lowerBound + 1, last.range.upperBound - count),
            in: texts[last.file])
        guard place < last.range.upperBound else { return }
        let (first, second) = last.cut(at: place)
        train[train.count - 1] = first
        validation.append(second)
    }

    /// A document of n scalars after the first floor((1 - fraction) n).
    private static func cut(_ document: SourceDocument, fraction: Double, text: SourceText)
        throws -> (SourceDocument, SourceDocument)
    {
        var whole = UTF8Scanner()
        try text.forEachBlock(of: document.range) { _, block in
            for byte in block { _ = whole.consume(byte) }
        }
        let trainCount = Int((1 - fraction) * Double(whole.scalarCount))
        guard trainCount > 0, trainCount < whole.scalarCount else {
            throw Failure(
                "the text is too short to hold a part of it out", expected: "more characters",
                got: "\(whole.scalarCount)", at: text.path,
                remedy: "use more text or a validation fraction of 0")
        }
        let place = try offset(ofScalar: trainCount, in: document.range, of: text)
        return document.cut(at: place)
    }

    private static func offset(ofScalar index: Int, in range: Range<Int>, of text: SourceText)
        throws -> Int
    {
        var scanner = UTF8Scanner()
        var place = range.upperBound
        try text.forEachBlock(of: range) { offset, block in
            for (position, byte) in block.enumerated() {
                if scanner.consume(byte) && scanner.scalarCount == index + 1 {
                    place = offset + position
                }
            }
        }
        return place
    }
}
