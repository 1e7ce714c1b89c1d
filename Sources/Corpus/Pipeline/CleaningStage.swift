import Collectives
import JSON

/// The first stage: the documents of each piece are read, cleaned, and marked for the deduplication.
package struct CleaningStage {
    package let plan: CorpusPlan
    package let options: CorpusOptions
    package let files: WorkFiles
    /// The steps before the deduplication.
    package let steps: [any CleaningStep]
    /// Nil where nothing is deduplicated.
    package let marker: DocumentMarker?

    /// Makes a piece, unless it was made before.
    ///
    /// - Parameter progress: nil on ranks that tell none.
    package func run(_ piece: Int, _ progress: StageProgress? = nil) throws {
        guard try files.counts(.cleanCounts, piece) == nil else { return }
        let counts = try RecordFile.write(to: files.path(.clean, piece)) { kept in
            try RecordFile.write(to: files.path(.cleanDropped, piece)) { dropped in
                try RecordFile.write(to: files.path(.marks, piece)) { marks in
                    try run(piece, kept, dropped, marks, progress)
                }
            }
        }
        try files.write(counts, .cleanCounts, piece)
    }

    private func run(
        _ piece: Int, _ kept: RecordFile, _ dropped: RecordFile, _ marks: RecordFile,
        _ progress: StageProgress?
    ) throws -> PieceStatistics {
        var counts = PieceStatistics()
        let reader = PieceReader(plan.pieces[piece], options)
        while let record = try reader.next() {
            switch record {
            case .unreadable(let reason, let source, let excerpt):
                counts.read.add(bytes: 0)
                counts.drop(reason, excerpt, byteCount: 0, source: source)
                let text = Array(String(decoding: excerpt, as: UTF8.self).utf8)
                try dropped.append(
                    Document(text: text, source: source).dropped(as: reason))
            case .document(var document):
                counts.read.add(bytes: document.text.count)
                let original = document
                if let reason = Steps.apply(steps, to: &document) {
                    counts.drop(reason, original.text, source: document.source)
                    document.text = original.text
                    try dropped.append(document.dropped(as: reason))
                } else {
                    counts.keep(document)
                    if let marker {
                        try marks.append([UInt64(kept.size)] + marker.marks(of: document.text))
                    }
                    try kept.append(document)
                }
            }
            try progress?.update(piece, counts)
        }
        for step in steps { counts.counts.merge(step.takeCounts(), uniquingKeysWith: +) }
        return counts
    }
}

package enum Steps {
    /// - Returns: the reason of the first step that drops the document; nil where none does.
    package static func apply(_ steps: [any CleaningStep], to document: inout Document) -> String? {
        for step in steps {
            if let reason = step.apply(to: &document) { return reason }
        }
        return nil
    }
}

extension Document {
    /// The document as the record of what was dropped, and why.
    package func dropped(as reason: String, _ further: [(String, JSONValue)] = []) -> Document {
        var document = self
        document.set("reason", .string(reason))
        document.set("source", .string(source))
        for (key, value) in further { document.set(key, value) }
        return document
    }
}
