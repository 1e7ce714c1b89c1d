/// Fills one shard after the other with the bytes of a part of the text, of which it reads no more than
/// what lies before the end of each shard.
///
/// A shard ends with a document, where one ends in the last sixteenth of it (and 1 MiB at the least);
/// else the document is cut, at a line where there is one, and goes on in the next shard.
struct ShardFilling {
    let texts: [SourceText]
    let shardSize: Int
    private(set) var shards: [[TextRange]] = []
    private var current: [TextRange] = []
    /// Bytes of the shard that is being filled, with a literal behind each file.
    private var used = 0

    private static let leastReach = 1 << 20
    private static let reachShare = 16

    init(texts: [SourceText], shardSize: Int) {
        self.texts = texts
        self.shardSize = shardSize
    }

    /// Appends bytes of a file, at whose end a document ends.
    mutating func append(_ bytes: Range<Int>, ofFile file: Int) throws {
        var rest = texts[file].isHeld ? try EndOfText.trimmed(bytes, of: texts[file]) : bytes
        while !rest.isEmpty {
            if rest.count <= shardSize - used {
                take(rest, ofFile: file, endsDocument: true)
                used += EndOfText.literal.count
                return
            }
            let limit = rest.lowerBound + max(0, shardSize - used)
            if let end = try documentEnd(in: texts[file], rest, limit: limit) {
                take(rest.lowerBound..<end, ofFile: file, endsDocument: true)
                finishShard()
                rest = min(end + EndOfText.literal.count, rest.upperBound)..<rest.upperBound
            } else if !current.isEmpty {
                finishShard()
            } else {
                let cut = try TextCut.last(in: texts[file], from: rest.lowerBound, limit: limit)
                take(rest.lowerBound..<cut, ofFile: file, endsDocument: false)
                finishShard()
                rest = cut..<rest.upperBound
            }
        }
    }

    mutating func finishShard() {
        if !current.isEmpty { shards.append(current) }
        current = []
        used = 0
    }

    private mutating func take(_ bytes: Range<Int>, ofFile file: Int, endsDocument: Bool) {
        current.append(TextRange(file: file, bytes: bytes, endsDocument: endsDocument))
        used += bytes.count
    }

    /// The last place behind the start and up to the limit at which a document ends.
    private func documentEnd(
        in text: SourceText, _ rest: Range<Int>, limit: Int
    ) throws -> Int? {
        let reach = max(Self.leastReach, shardSize / Self.reachShare)
        let first = max(rest.lowerBound + 1, limit - reach)
        guard first <= limit else { return nil }
        return try EndOfText.last(in: text, range: first..<limit + 1)
    }
}
