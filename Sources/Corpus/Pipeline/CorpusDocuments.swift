/// The documents of raw files, without a pipeline.
package enum CorpusDocuments {
    /// Calls `body` with each document of the inputs, in their order.
    package static func forEach(
        _ options: CorpusOptions, _ body: (Document) throws -> Void
    ) throws {
        for piece in try CorpusPlan(options, pieceSize: .max).pieces {
            let reader = PieceReader(piece, options)
            while let record = try reader.next() {
                if case .document(let document) = record { try body(document) }
            }
        }
    }
}
