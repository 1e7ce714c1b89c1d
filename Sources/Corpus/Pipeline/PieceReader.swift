import Diagnostics

/// The documents of a piece, file after file.
package final class PieceReader {
    private let rules: CorpusOptions
    private var segments: ArraySlice<Segment>
    private var reader: (any DocumentReader)?
    private var path = ""

    package init(_ piece: [Segment], _ options: CorpusOptions) {
        segments = piece[...]
        rules = options
    }

    /// - Returns: nil at the end. What is cut off or damaged is unreadable from there on.
    package func next() throws -> ReadRecord? {
        while true {
            if let reader {
                do {
                    if let record = try reader.next() { return record }
                    self.reader = nil
                } catch let cut as CutFile {
                    self.reader = nil
                    return try unreadable(cut)
                }
            }
            guard let segment = segments.popFirst() else { return nil }
            path = segment.file.path
            do {
                reader = try Self.reader(of: segment, rules)
            } catch let cut as CutFile {
                return try unreadable(cut)
            }
        }
    }

    private func unreadable(_ cut: CutFile) throws -> ReadRecord {
        if rules.strict { throw cut.failure }
        return .unreadable(
            reason: "damaged_file", source: path, excerpt: Array(cut.failure.line.utf8))
    }

    private static func reader(
        of segment: Segment, _ options: CorpusOptions
    ) throws -> any DocumentReader {
        let kind = segment.file.kind
        let lead = kind.lead(options.separator)
        return try kind.reader(
            segment.file.stream(from: max(0, segment.start - lead)), from: segment.start,
            limit: segment.end, ReadingRules(options: options, path: segment.file.path))
    }
}
