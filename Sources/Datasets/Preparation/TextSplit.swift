/// A place in the text files of a preparation.
struct TextPlace: Equatable {
    var file: Int
    var offset: Int
}

/// The place at which the text to train on ends, and that at which the held-out text begins: the same,
/// or with a literal between them; nil where nothing is held out.
///
/// A text that is held in memory is cut by its documents (`DocumentSplit`). For a larger one that would
/// cost a reading of all of it: its share is counted in bytes of the files, literals included, and the
/// end of a document is looked for from that place on, within a tenth of the share and 64 MiB. Where
/// none is there, the document is cut at a character.
struct TextSplit: Equatable {
    var trainEnd: TextPlace
    var validationStart: TextPlace

    private static let tolerance = 0.1
    private static let farthest = 64 << 20

    init?(of texts: [SourceText], fraction: Double) throws {
        guard fraction > 0 else { return nil }
        try self.init(cutting: texts, fraction: fraction)
    }

    /// - Throws: a `Failure` where the text is too short.
    private init(cutting texts: [SourceText], fraction: Double) throws {
        guard !texts.allSatisfy(\.isHeld) else {
            let documents = try texts.indices.flatMap {
                try SourceDocument.documents(of: texts[$0], file: $0)
            }
            self = try DocumentSplit(documents, fraction: fraction, texts: texts).place
            return
        }
        let total = texts.reduce(0) { $0 + $1.size }
        let share = max(4, Int(fraction * Double(total)))
        var (file, offset) = (0, max(1, total - share))
        while offset >= texts[file].size {
            offset -= texts[file].size
            file += 1
        }
        let reach = min(Int(Self.tolerance * Double(share)), Self.farthest)
        try self.init(at: TextPlace(file: file, offset: offset), reach: reach, in: texts)
    }

    private init(at place: TextPlace, reach: Int, in texts: [SourceText]) throws {
        let text = texts[place.file]
        let next = TextPlace(file: place.file + 1, offset: 0)
        let first = max(0, place.offset - EndOfText.literal.count + 1)
        let last = min(place.offset + reach + 1, text.size)
        if place.offset == 0 {
            let before = TextPlace(file: place.file - 1, offset: texts[place.file - 1].size)
            self.init(trainEnd: before, validationStart: place)
        } else if let end = try EndOfText.first(in: text, range: first..<last) {
            self.init(
                trainEnd: TextPlace(file: place.file, offset: end),
                validationStart: TextPlace(
                    file: place.file, offset: end + EndOfText.literal.count))
        } else if text.size - place.offset <= reach, next.file < texts.count {
            self.init(
                trainEnd: TextPlace(file: place.file, offset: text.size), validationStart: next)
        } else {
            let document = SourceDocument(file: place.file, range: 0..<text.size)
            let cut = TextPlace(
                file: place.file,
                offset: try document.characterStart(from: place.offset, in: text))
            self.init(trainEnd: cut, validationStart: cut)
        }
    }

    init(trainEnd: TextPlace, validationStart: TextPlace) {
        (self.trainEnd, self.validationStart) = (trainEnd, validationStart)
    }

    /// The bytes of each file that belong to a part.
    static func ranges(
        of part: DatasetSplit, _ texts: [SourceText], _ split: TextSplit?
    ) -> [(file: Int, bytes: Range<Int>)] {
        guard let split else {
            return part == .train ? texts.indices.map { ($0, 0..<texts[$0].size) } : []
        }
        switch part {
        case .train:
            let end = split.trainEnd
            return (0...end.file).map { ($0, 0..<($0 == end.file ? end.offset : texts[$0].size)) }
        case .validation:
            let start = split.validationStart
            return (start.file..<texts.count).map {
                ($0, ($0 == start.file ? start.offset : 0)..<texts[$0].size)
            }
        }
    }
}
