import Files

/// The records that the first stage kept of a piece.
package final class KeptDocuments {
    private let reader: JSONLinesReader

    package init(_ files: WorkFiles, _ piece: Int) throws {
        var options = CorpusOptions()
        options.strict = true
        let path = files.path(.clean, piece)
        reader = try JSONLinesReader(
            FileStream(FileReader(path: path)), from: 0, limit: .max,
            ReadingRules(options: options, path: path))
    }

    package func next() throws -> Document? {
        guard case .document(let document) = try reader.next() else { return nil }
        return document
    }
}
