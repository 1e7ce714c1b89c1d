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
        of segment: Segment, _ members: (first: MemberStart, next: MemberStart?),
        _ options: CorpusOptions
    ) throws -> any DocumentReader {
        let (file, isContinued) = (segment.file, segment.start > 0)
        let limit = PartLimit()
        let stream = try file.stream(
            from: members.first, until: members.next, limit,
            slack: file.kind.slack(options.separator))
        // Where the text of a member stands among all nobody knows without decoding what is before it.
        let path = isContinued ? "\(file.path) from byte \(segment.start)" : file.path
        return try file.kind.reader(
            stream, isContinued: isContinued, limit: limit,
            ReadingRules(options: options, path: path))
    }

    private static func reader(
        of segment: Segment, _ options: CorpusOptions
    ) throws -> any DocumentReader {
        let kind = segment.file.kind
        if let members = segment.members { return try reader(of: segment, members, options) }
        let lead = kind.lead(options.separator)
        return try kind.reader(
            segment.file.stream(from: max(0, segment.start - lead)), from: segment.start,
            limit: segment.end, ReadingRules(options: options, path: segment.file.path))
    }
}
