import Diagnostics
import Files
import Synchronization

/// Token shards, one after the other, as one stream of tokens.
///
/// Few shards are open at a time, so that a large dataset does not use up the file descriptors of
/// the process. Where an index lies beside the shards only the first and the last are opened at the
/// start, whatever their number. May be read by several threads at once.
package final class TokenStream: Sendable {
    /// The shards in stream order.
    package let paths: [String]
    package let documentCount: Int
    /// The facts that distinguish each shard from others without reading its tokens.
    package let shardFacts: [ShardFacts]
    /// The attributes of the first shard; the tokenizer and its vocabulary are those of all.
    package let attributes: TokenShardAttributes
    /// The ranks that read each shard, where not every rank reads them all; nil where each does.
    package let holders: ShardHolders?
    /// The first token of each shard, and at the end N.
    private let starts: [Int]
    /// The shards last used, the latest at the end.
    private let openShards = Mutex<[TokenShard]>([])

    static let maximumOpenCount = 64

    /// Opens the shards in the order given, which is name order for `DatasetFiles.resolve`.
    ///
    /// - Throws: a `Failure` for a shard that cannot be read, and for one that was made by another
    ///   tokenizer than the first.
    package convenience init(paths: [String]) throws {
        precondition(!paths.isEmpty, "a stream of at least one shard")
        let first = try TokenShard(path: paths[0])
        let facts = try IndexedShards.facts(of: paths, first: first) ?? Self.facts(of: paths, first)
        self.init(paths: paths, facts: facts, attributes: first.attributes, holders: nil)
    }

    /// - Parameter attributes: those of the first shard.
    init(
        paths: [String], facts: [ShardFacts], attributes: TokenShardAttributes,
        holders: ShardHolders?
    ) {
        self.paths = paths
        shardFacts = facts
        starts = facts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.tokenCount) }
        documentCount = facts.reduce(0) { $0 + $1.documentCount }
        self.attributes = attributes
        self.holders = holders
    }

    /// The stream of one split of what a recipe names: a shard directory, a glob or a file.
    package convenience init(resolving path: String, split: DatasetSplit) throws {
        let paths = try DatasetFiles.resolve(path, split: split)
        if try DirectoryEntries.isFolder(path) {
            let names = Set(paths.map { DirectoryEntries.split($0).name })
            try ShardIndex(ofDirectory: path)?.require(split, among: names, in: path)
        }
        try self.init(paths: paths)
    }

    /// The facts of shards that have no index, from all of them.
    private static func facts(of paths: [String], _ first: TokenShard) throws -> [ShardFacts] {
        try paths.map { path in
            let shard = try TokenShard(path: path)
            try require(
                tokenizerSHA256: first.attributes.tokenizerSHA256,
                vocabularySize: first.attributes.vocabularySize, of: shard.attributes, at: path)
            return shard.facts
        }
    }

    /// N: the tokens of all shards.
    package var tokenCount: Int { starts[starts.count - 1] }

    /// The tokenizer.json that `prepare` wrote beside the shards.
    package var tokenizerPath: String {
        "\(DirectoryEntries.split(paths[0]).parent)/tokenizer.json"
    }

    /// Refuses shards of another tokenizer than the one at hand.
    package func require(tokenizerSHA256: String, vocabularySize: Int) throws {
        try Self.require(
            tokenizerSHA256: tokenizerSHA256, vocabularySize: vocabularySize, of: attributes,
            at: paths[0])
    }

    /// Reads tokens of the stream; `range` must lie in 0..<tokenCount and fill `buffer`.
    ///
    /// - Throws: a `Failure` that names the file and the position in it, for a chunk that does not
    ///   match its checksum and for an id outside the vocabulary.
    package func read(_ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Int32>) throws {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= tokenCount,
            "\(range) is not in 0..<\(tokenCount)")
        precondition(buffer.count == range.count, "\(range) does not fit \(buffer.count) tokens")
        var position = range.lowerBound
        var index = shardIndex(ofToken: position)
        while position < range.upperBound {
            let end = min(range.upperBound, starts[index + 1])
            let part = position - range.lowerBound..<end - range.lowerBound
            try openShard(index).read(
                position - starts[index]..<end - starts[index],
                into: .init(rebasing: buffer[part]))
            position = end
            index += 1
        }
    }

    package func tokens(_ range: Range<Int>) throws -> [Int32] {
        try [Int32](unsafeUninitializedCapacity: range.count) { buffer, count in
            try read(range, into: .init(rebasing: buffer[..<range.count]))
            count = range.count
        }
    }

    /// A part of a stretch of the stream, and the rank that reads it.
    struct Part: Equatable {
        let range: Range<Int>
        let reader: Int
    }

    /// The parts of a stretch that a rank needs, in order: what its host has, it reads itself.
    func parts(of range: Range<Int>, for rank: Int) -> [Part] {
        guard let holders else { return [Part(range: range, reader: rank)] }
        var (parts, position) = ([Part](), range.lowerBound)
        var index = shardIndex(ofToken: position)
        while position < range.upperBound {
            let end = min(range.upperBound, starts[index + 1])
            let reader = holders.reader(ofShard: index, for: rank)
            if end > position { parts.append(Part(range: position..<end, reader: reader)) }
            (position, index) = (end, index + 1)
        }
        return parts
    }

    /// The shard that holds a token of the stream, and the token's position in it.
    func shard(ofToken token: Int) throws -> (shard: TokenShard, position: Int) {
        let index = shardIndex(ofToken: token)
        return (try openShard(index), token - starts[index])
    }

    /// The last shard that begins at or before the token: empty shards before it are passed over.
    private func shardIndex(ofToken token: Int) -> Int {
        var low = 0
        var high = paths.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= token { low = middle } else { high = middle }
        }
        return low
    }

    func openShard(_ index: Int) throws -> TokenShard {
        try openShards.withLock { shards in
            let path = paths[index]
            try holders?.require(index, at: path)
            if let place = shards.lastIndex(where: { $0.path == path }) {
                shards.append(shards.remove(at: place))
                return shards[shards.count - 1]
            }
            let shard = try TokenShard(path: path)
            guard shard.facts == shardFacts[index],
                shard.attributes.vocabularySize == attributes.vocabularySize
            else {
                throw Failure(
                    "a token shard is another than at the start, or than its index tells",
                    expected: "\(shardFacts[index])", got: "\(shard.facts)", at: path,
                    remedy: "prepare the text again; or remove an \(ShardIndex.fileName) that is "
                        + "older than its shards, and begin the run again")
            }
            if shards.count == Self.maximumOpenCount { shards.removeFirst() }
            shards.append(shard)
            return shard
        }
    }

    private static func require(
        tokenizerSHA256: String, vocabularySize: Int, of attributes: TokenShardAttributes,
        at path: String
    ) throws {
        guard attributes.tokenizerSHA256 == tokenizerSHA256 else {
            throw Failure(
                "the token shard was made by another tokenizer",
                expected: "tokenizer_sha256 \(tokenizerSHA256)",
                got: attributes.tokenizerSHA256, at: path,
                remedy: "prepare the text with this tokenizer, or use the one beside the shards")
        }
        guard attributes.vocabularySize == vocabularySize else {
            throw Failure(
                "the token shard has another vocabulary",
                expected: "vocabulary_size \(vocabularySize)",
                got: "\(attributes.vocabularySize)", at: path,
                remedy: "prepare the text with this tokenizer")
        }
    }
}
