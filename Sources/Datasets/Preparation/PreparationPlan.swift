import Diagnostics

/// The plan by which text becomes token shards: a list of jobs, each of which makes one shard.
///
/// The plan is a function of the input alone, so that the number and content of the shards do not
/// depend on how many processes share the work. A file is one document or, with the literal
/// `<|endoftext|>` in it, several; empty ones are left out. It is made from the sizes of the files and
/// the bytes around the places where they are cut: of a large text nothing is read for it but these, and
/// no document is kept in mind.
///
/// Validation takes its fraction of the bytes from the end, as `TextSplit` describes; `ShardFilling`
/// fills the shards, and `TextBlocks` cuts each into blocks.
package struct PreparationPlan: Equatable, Sendable {
    /// The text files, in their order.
    package let texts: [SourceText]
    /// The train shards, then the validation shards, in name order.
    package let jobs: [PreparationJob]
    private let blockSize: Int

    /// Bytes of text that are read and encoded at a time; a text that is no larger is held in memory.
    package static let defaultBlockSize = 16 << 20
    /// The most shards: names have five digits, and name order is stream order.
    private static let maximumShardCount = 100_000

    /// - Parameters:
    ///   - validationFraction: the part of the text that is held out, in 0..<1; 0 is none.
    ///   - shardSize: the most bytes of text in a shard.
    package init(
        texts: [SourceText], validationFraction: Double = PrepareOptions().validationFraction,
        shardSize: Int = PrepareOptions().shardSize, blockSize: Int = Self.defaultBlockSize
    ) throws {
        precondition(shardSize > 0, "a shard size above 0, got \(shardSize)")
        guard validationFraction >= 0, validationFraction < 1 else {
            throw Failure(
                "the validation fraction is out of range", expected: "0 or more, below 1",
                got: "\(validationFraction)", kind: .usage)
        }
        guard texts.contains(where: { $0.size > 0 }) else { throw Self.noText(texts) }
        let split = try TextSplit(of: texts, fraction: validationFraction)
        var shards: [(DatasetSplit, [[TextRange]])] = []
        for part in DatasetSplit.allCases {
            var filling = ShardFilling(texts: texts, shardSize: shardSize)
            for (file, bytes) in TextSplit.ranges(of: part, texts, split) {
                try filling.append(bytes, ofFile: file)
            }
            filling.finishShard()
            try Self.require(shardCount: filling.shards.count)
            shards.append((part, filling.shards))
        }
        guard shards.contains(where: { !$0.1.isEmpty }) else { throw Self.noText(texts) }
        self.init(texts, shards, blockSize: blockSize)
    }

    private init(
        _ texts: [SourceText], _ shards: [(DatasetSplit, [[TextRange]])], blockSize: Int
    ) {
        self.texts = texts
        self.blockSize = blockSize
        jobs = shards.flatMap { split, shards in
            shards.enumerated().map { index, ranges in
                PreparationJob(
                    split: split, index: index, ranges: ranges, texts: texts,
                    blockSize: blockSize)
            }
        }
    }

    static func noText(_ texts: [SourceText]) -> Failure {
        Failure(
            "there is no text to prepare", expected: "at least one character",
            got: texts.count == 1 ? "an empty file" : "\(texts.count) empty files",
            at: TextInputs.list(texts.map(\.path)))
    }

    private static func require(shardCount: Int) throws {
        guard shardCount > maximumShardCount else { return }
        throw Failure(
            "the text makes too many shards", expected: "at most \(maximumShardCount)",
            got: "\(shardCount)",
            remedy: FailureText("raise \(key: "prepare.shard_megabytes")"))
    }
}

// MARK: As numbers

extension PreparationPlan {
    /// The ranges of all shards, for other processes: for each its part, its shard, its file, its
    /// first byte, its end, and whether a document ends there.
    package var numbers: [Int64] {
        jobs.flatMap { job in
            let split = DatasetSplit.allCases.firstIndex(of: job.split) ?? 0
            return job.ranges.flatMap { range in
                [
                    split, job.index, range.file, range.bytes.lowerBound, range.bytes.upperBound,
                    range.endsDocument ? 1 : 0,
                ].map(Int64.init)
            }
        }
    }

    /// The plan of another process for the same texts.
    package init(
        texts: [SourceText], numbers: [Int64], blockSize: Int = Self.defaultBlockSize
    ) {
        var shards = DatasetSplit.allCases.map { ($0, [[TextRange]]()) }
        for start in stride(from: 0, to: numbers.count, by: 6) {
            let row = numbers[start..<start + 6].map(Int.init)
            if row[1] == shards[row[0]].1.count { shards[row[0]].1.append([]) }
            shards[row[0]].1[row[1]].append(
                TextRange(file: row[2], bytes: row[3]..<row[4], endsDocument: row[5] != 0))
        }
        self.init(texts, shards, blockSize: blockSize)
    }
}
