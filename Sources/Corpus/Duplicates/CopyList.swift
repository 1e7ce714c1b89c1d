import Files

/// Why a document is a copy; the names are the reasons of reports.
package enum CopyKind: String, CaseIterable {
    case exact = "exact_duplicate"
    case near = "near_duplicate"
}

/// A document that is like an earlier or better one.
package struct Copy {
    package var kind: CopyKind
    package var original: DocumentNumber
}

/// The copies among the documents of a piece, asked for in their order.
package final class CopyList {
    private var lists: [(kind: CopyKind, triples: TripleFile)]

    package init(_ files: WorkFiles, _ piece: Int) throws {
        lists = try CopyKind.allCases.compactMap { kind in
            let path = "\(files.path(.copies, piece))-\(kind)"
            return try DirectoryEntries.isThere(path) ? (kind, TripleFile(path: path)) : nil
        }
    }

    /// What a document is a copy of; nil for an original.
    package func takeCopy(of number: DocumentNumber) -> Copy? {
        var found: Copy?
        for (kind, triples) in lists {
            while let triple = triples.first, triple.a <= number.value {
                triples.removeFirst()
                if triple.a == number.value, found == nil {
                    found = Copy(kind: kind, original: DocumentNumber(value: triple.b))
                }
            }
        }
        return found
    }
}

/// The lines of a piece that an earlier document has, asked for in the order of documents.
package final class RepeatedLineList {
    private let triples: TripleFile?

    package init(_ files: WorkFiles, _ piece: Int) throws {
        let path = files.path(.repeated, piece)
        triples = try DirectoryEntries.isThere(path) ? TripleFile(path: path) : nil
    }

    /// The numbers of the lines of a document.
    package func takeLines(of number: DocumentNumber) -> [Int] {
        var lines: [Int] = []
        while let triple = triples?.first, triple.a <= number.value {
            triples?.removeFirst()
            if triple.a == number.value { lines.append(Int(triple.b)) }
        }
        return lines
    }
}

/// Triples of one piece, in order; there are at most as many as documents or lines in it.
package final class TripleFile {
    private let triples: [Triple]
    private var next = 0

    package init(path: String) throws {
        let reader = try FileReader(path: path)
        var triples = [Triple](
            repeating: Triple(0), count: reader.size / MemoryLayout<Triple>.size)
        try triples.withUnsafeMutableBytes { try reader.read(into: $0, at: 0) }
        self.triples = triples
    }

    package var first: Triple? { next < triples.count ? triples[next] : nil }

    package func removeFirst() { next += 1 }

    /// Writes sorted triples, whose first number is that of a document, to a file of each piece.
    package static func write(
        _ sorter: TripleSorter, to pieces: [Int], path: (_ piece: Int) -> String
    ) throws {
        var pending = try sorter.pop()
        for piece in pieces {
            try RecordFile.write(to: path(piece)) { file in
                while let triple = pending, DocumentNumber(value: triple.a).piece == piece {
                    try file.append([triple.a, triple.b, triple.c])
                    pending = try sorter.pop()
                }
            }
        }
    }
}
