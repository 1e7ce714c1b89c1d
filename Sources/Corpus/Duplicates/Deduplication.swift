import Collectives
import Files

/// Finds copies and repeated lines over all ranks, and notes them beside each piece.
///
/// Every pass sends triples to the ranks that own their keys, where equal keys meet. So what is found
/// depends on the documents and their order alone.
package struct Deduplication {
    package let communicator: any Communicator
    package let files: WorkFiles
    package let options: DeduplicateOptions
    package let near: NearOptions
    /// The rank that works on each piece.
    package let owners: [Int]
    /// Bytes a rank.
    package let memory: Int

    package var pieces: [Int] { owners.indices.filter { owners[$0] == communicator.rank } }
    package var width: Int { DocumentMarker.width(near) }
    package var shuffle: TripleShuffle {
        TripleShuffle(communicator: communicator, directory: files.directory, memory: memory)
    }

    /// The rank of a document, whose number comes first in the triple.
    package func pieceOwner(_ triple: Triple) -> Int {
        owners[DocumentNumber(value: triple.a).piece]
    }

    package func copyPath(_ kind: CopyKind, _ piece: Int) -> String {
        "\(files.path(.copies, piece))-\(kind)"
    }

    /// Collective.
    ///
    /// - Returns: the sizes of the clusters that this rank saw.
    package func run() throws -> PieceStatistics {
        var counts = PieceStatistics()
        try communicator.agree { try removeLeftovers() }
        if options.exact { try findExact(&counts) }
        if near.enabled { try NearDuplicates(self).find(&counts) }
        if options.lines { try findLines() }
        return counts
    }

    /// What a run that was ended has found would be taken for what this one finds.
    private func removeLeftovers() throws {
        for piece in pieces {
            for kind in CopyKind.allCases { try DirectoryEntries.remove(copyPath(kind, piece)) }
            try DirectoryEntries.remove(files.path(.repeated, piece))
        }
    }

    // MARK: Equal documents

    private func findExact(_ counts: inout PieceStatistics) throws {
        var marks = MarkStream(files, pieces, width: width)
        let hashes = try shuffle.run("exact", owner: shuffle.hashOwner) { triples in
            guard let (number, marks) = try marks.pop() else { return false }
            let start = marks.startIndex
            triples.append(Triple(marks[start + 2], marks[start + 3], number.value))
            return true
        }
        var groups = TripleGroups(hashes)
        let isNotingOriginals = self.options.clusterIDs
        var sizes: [Int: Int] = [:]
        let copies = try shuffle.run("copies", owner: pieceOwner) { triples in
            guard let first = try groups.pop() else { return false }
            var size = 1
            while let copy = try groups.popFollowing(first) {
                triples.append(Triple(copy.c, first.c))
                size += 1
            }
            if size > 1, isNotingOriginals { triples.append(Triple(first.c, first.c)) }
            if size > 1 { sizes[size, default: 0] += 1 }
            return true
        }
        for (size, count) in sizes { counts.clusterSizes["exact \(size)", default: 0] += count }
        try communicator.agree {
            try TripleFile.write(copies, to: pieces) { copyPath(.exact, $0) }
        }
    }

    // MARK: Repeated lines

    /// Lines that an earlier document has go. Those of copies, which go anyway, do not count.
    private func findLines() throws {
        let copies = try communicator.agree {
            KeptLines(files, pieces, minimum: options.minimumLine)
        }
        let hashes = try shuffle.run("lines", owner: shuffle.hashOwner) { triples in
            try copies.next(&triples)
        }
        var groups = TripleGroups(hashes, keyCount: 1)
        let repeated = try shuffle.run("repeated", owner: pieceOwner) { triples in
            guard let first = try groups.pop() else { return false }
            while let other = try groups.popFollowing(first) {
                if other.b != first.b { triples.append(Triple(other.b, other.c)) }
            }
            return true
        }
        try communicator.agree {
            try TripleFile.write(repeated, to: pieces) { files.path(.repeated, $0) }
        }
    }
}

/// The triples of a sorter by their first numbers.
package struct TripleGroups {
    private let sorter: TripleSorter
    private let keyCount: Int
    private var pending: Triple?
    private var isBegun = false

    /// - Parameter keyCount: How many numbers are equal within a group: 1 or 2.
    package init(_ sorter: TripleSorter, keyCount: Int = 2) {
        self.sorter = sorter
        self.keyCount = keyCount
    }

    /// The next triple; the first of its group where the ones before were all taken.
    package mutating func pop() throws -> Triple? {
        let first = try peek()
        pending = try sorter.pop()
        return first
    }

    /// The next triple of the group of another one; nil at its end.
    package mutating func popFollowing(_ first: Triple) throws -> Triple? {
        guard let next = try peek(), next.a == first.a, keyCount == 1 || next.b == first.b else {
            return nil
        }
        return try pop()
    }

    private mutating func peek() throws -> Triple? {
        if !isBegun {
            pending = try sorter.pop()
            isBegun = true
        }
        return pending
    }
}

/// The lines of the documents that are no copies, with their hashes.
private final class KeptLines {
    private let files: WorkFiles
    private var pieces: ArraySlice<Int>
    private let minimum: Int
    private var documents: KeptDocuments?
    private var copies: CopyList?
    private var piece = 0
    private var index = 0

    init(_ files: WorkFiles, _ pieces: [Int], minimum: Int) {
        (self.files, self.pieces, self.minimum) = (files, pieces[...], minimum)
    }

    /// Adds the lines of the next document.
    func next(_ triples: inout [Triple]) throws -> Bool {
        guard let document = try documents?.next() else { return try open() }
        defer { index += 1 }
        let number = DocumentNumber(piece: piece, index: index)
        if let copy = copies?.takeCopy(of: number), copy.original != number { return true }
        document.text.withUnsafeBufferPointer { text in
            var (line, start) = (0, 0)
            for end in 0...text.count where end == text.count || text[end] == 0x0A {
                let range = text.trimmed(start..<end)
                if text.characterCount(in: range) >= minimum {
                    let hash = TextHash.wide(text.raw(range)).low
                    triples.append(Triple(hash, number.value, UInt64(line)))
                }
                (line, start) = (line + 1, end + 1)
            }
        }
        return true
    }

    private func open() throws -> Bool {
        guard let next = pieces.popFirst() else { return false }
        piece = next
        index = 0
        documents = try KeptDocuments(files, next)
        copies = try CopyList(files, next)
        return true
    }
}
