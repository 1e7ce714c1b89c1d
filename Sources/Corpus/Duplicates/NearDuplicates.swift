import Collectives

/// Documents that are nearly equal: equal bands of MinHash make candidates, whose shingles are compared;
/// those alike are joined to clusters, of each of which one stays.
package struct NearDuplicates {
    private let work: Deduplication
    private var shuffle: TripleShuffle { work.shuffle }
    private var near: NearOptions { work.near }

    /// Of a band that more documents have than this, each is a candidate with the first and with its
    /// neighbours, not with all.
    private static let wholeGroupSize = 32

    package init(_ work: Deduplication) { self.work = work }

    package func find(_ counts: inout PieceStatistics) throws {
        let edges = try checkedEdges()
        let members = try ConnectedComponents(shuffle: shuffle).roots(of: edges)
        let clusters = try clusters(members)
        let copies = try survivors(clusters, &counts)
        try work.communicator.agree {
            try TripleFile.write(copies, to: work.pieces) { work.copyPath(.near, $0) }
        }
    }

    // MARK: Candidates

    /// Pairs of documents, the earlier first, in order.
    private func candidates() throws -> TripleSorter {
        if near.exhaustive { return try allPairs() }
        let bands = try bands()
        var groups = TripleGroups(bands)
        let isChecked = near.verify != .none
        return try shuffle.run("pairs", owner: shuffle.hashOwner) { triples in
            guard let first = try groups.pop() else { return false }
            var members = [first.c]
            while let next = try groups.popFollowing(first) {
                let partners = isChecked ? members : [first.c]
                triples += partners.map { Triple($0, next.c) }
                if members.count < Self.wholeGroupSize {
                    members.append(next.c)
                } else {
                    members = [first.c, next.c]
                }
            }
            return true
        }
    }

    private func bands() throws -> TripleSorter {
        var originals = Originals(work.files, work.pieces, width: work.width)
        return try shuffle.run("bands", owner: shuffle.hashOwner) { triples in
            guard let (number, marks) = try originals.pop() else { return false }
            for (band, hash) in marks.dropFirst(4).enumerated() where hash != 0 {
                triples.append(Triple(hash, UInt64(band), number.value))
            }
            return true
        }
    }

    private func allPairs() throws -> TripleSorter {
        var own = Originals(work.files, work.pieces, width: work.width)
        return try shuffle.run("pairs", owner: shuffle.hashOwner) { triples in
            guard let (number, _) = try own.pop() else { return false }
            var others = Originals(work.files, Array(work.owners.indices), width: work.width)
            while let (other, _) = try others.pop() {
                if other > number { triples.append(Triple(number.value, other.value)) }
            }
            return true
        }
    }

    /// The pairs that are alike, each once, in both directions.
    private func checkedEdges() throws -> TripleSorter {
        let pairs = try candidates()
        let cache = ShingleCache(work.files, near, memory: work.memory / 4)
        var last: Triple?
        return try shuffle.run("edges", owner: shuffle.hashOwner) { triples in
            guard let pair = try pairs.pop() else { return false }
            defer { last = pair }
            guard pair != last, try isAlike(pair, cache) else { return true }
            triples.append(Triple(pair.a, pair.b))
            triples.append(Triple(pair.b, pair.a))
            return true
        }
    }

    private func isAlike(_ pair: Triple, _ cache: ShingleCache) throws -> Bool {
        guard case .atLeast(let least) = near.verify else { return true }
        let left = try cache.set(of: DocumentNumber(value: pair.a))
        let right = try cache.set(of: DocumentNumber(value: pair.b))
        return Shingles.similarity(left, right) >= least
    }

    // MARK: Survivors

    /// The members of clusters by their roots, the best first: the second number is 0, or falls with the
    /// length of the text.
    private func clusters(_ members: TripleSorter) throws -> TripleSorter {
        let byPiece = try shuffle.run("members", owner: work.pieceOwner) { triples in
            guard let member = try members.pop() else { return false }
            triples.append(Triple(member.a, member.b))
            triples.append(Triple(member.b, member.b))
            return true
        }
        var last: Triple?
        var lengths = TextLengths(work.files, width: work.width)
        return try shuffle.run("clusters", owner: shuffle.hashOwner) { triples in
            guard let member = try byPiece.pop() else { return false }
            defer { last = member }
            guard member != last else { return true }
            var order: UInt64 = 0
            if near.survivor == .longest {
                order = .max - (try lengths.length(of: DocumentNumber(value: member.a)))
            }
            triples.append(Triple(member.b, order, member.a))
            return true
        }
    }

    private func survivors(
        _ clusters: TripleSorter, _ counts: inout PieceStatistics
    ) throws -> TripleSorter {
        var groups = TripleGroups(clusters, keyCount: 1)
        var sizes: [Int: Int] = [:]
        let isNotingOriginals = work.options.clusterIDs
        let copies = try shuffle.run("survivors", owner: work.pieceOwner) { triples in
            guard let best = try groups.pop() else { return false }
            var size = 1
            if isNotingOriginals { triples.append(Triple(best.c, best.c)) }
            while let copy = try groups.popFollowing(best) {
                triples.append(Triple(copy.c, best.c))
                size += 1
            }
            sizes[size, default: 0] += 1
            return true
        }
        for (size, count) in sizes { counts.clusterSizes["near \(size)", default: 0] += count }
        return copies
    }
}

/// The documents of pieces that are no exact copies, in order.
private struct Originals {
    private var marks: MarkStream
    private let files: WorkFiles
    private var piece = -1
    private var copies: CopyList?

    init(_ files: WorkFiles, _ pieces: [Int], width: Int) {
        self.files = files
        marks = MarkStream(files, pieces, width: width)
    }

    mutating func pop() throws -> (number: DocumentNumber, marks: ArraySlice<UInt64>)? {
        while let next = try marks.pop() {
            if next.number.piece != piece {
                piece = next.number.piece
                copies = try CopyList(files, piece)
            }
            let copy = copies?.takeCopy(of: next.number)
            if copy == nil || copy?.original == next.number { return next }
        }
        return nil
    }
}

/// The lengths of texts, asked for in the order of documents.
private struct TextLengths {
    private let files: WorkFiles
    private let width: Int
    private var piece = -1
    private var marks: MarkFile?

    init(_ files: WorkFiles, width: Int) { (self.files, self.width) = (files, width) }

    mutating func length(of number: DocumentNumber) throws -> UInt64 {
        if number.piece != piece {
            marks = try MarkFile(files, number.piece, width: width)
            piece = number.piece
        }
        return try marks?.numbers(of: number.index)[1] ?? 0
    }
}
