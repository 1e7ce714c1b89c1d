import Diagnostics

/// The plan by which text becomes token shards: a list of jobs, each of which makes one shard.
///
/// The plan is a function of the input alone, so that the number and content of the shards do not
/// depend on how many processes share the jobs, nor on their order. A file is one document or, with
/// the literal `<|endoftext|>` in it, several; empty ones are left out.
///
/// Validation takes its fraction of the bytes from the end, as `DocumentSplit` describes.
///
/// A shard holds at most `shardSize` bytes of text; a longer document is cut, at a line where there
/// is one, and goes on in the next shard.
package struct PreparationPlan: Codable, Equatable, Sendable {
    /// The text files, in their order.
    package let inputs: [String]
    /// The train shards, then the validation shards, in name order.
    package let jobs: [PreparationJob]

    package static let defaultValidationFraction = 0.1
    /// Bytes of text: a few seconds of work, and little enough to hold in memory.
    package static let defaultShardSize = 1 << 26
    /// The most shards: names have five digits, and name order is stream order.
    private static let maximumShardCount = 100_000

    /// Scans the input files, which follow one another in the order given.
    ///
    /// - Parameter validationFraction: the part of the text that is held out, in 0..<1; 0 is none.
    package init(
        inputs: [String], validationFraction: Double = Self.defaultValidationFraction,
        shardSize: Int = Self.defaultShardSize
    ) throws {
        precondition(shardSize > 0, "a shard size above 0, got \(shardSize)")
        guard validationFraction >= 0, validationFraction < 1 else {
            throw Failure(
                "the validation fraction is out of range", expected: "0 or more, below 1",
                got: "\(validationFraction)", kind: .usage)
        }
        let sources = try inputs.map(SourceFile.init)
        let documents = try sources.indices.flatMap {
            try SourceDocument.documents(of: sources[$0], file: $0)
        }
        guard !documents.isEmpty else {
            throw Failure(
                "there is no text to prepare", expected: "at least one character",
                got: inputs.count == 1 ? "an empty file" : "\(inputs.count) empty files",
                at: inputs.joined(separator: ", "))
        }
        self.inputs = inputs
        let split = try DocumentSplit(documents, fraction: validationFraction, sources: sources)
        jobs =
            try Self.jobs(.train, documents: split.train, sources: sources, shardSize: shardSize)
            + Self.jobs(
                .validation, documents: split.validation, sources: sources, shardSize: shardSize)
    }

    /// Fills one shard after the other, in order.
    private static func jobs(
        _ split: DatasetSplit, documents: [SourceDocument], sources: [SourceFile], shardSize: Int
    ) throws -> [PreparationJob] {
        var shards: [[SourceDocument]] = []
        var size = 0
        for document in documents {
            let parts = try document.parts(ofSize: shardSize, in: sources[document.file])
            for part in parts {
                let goesOn = shards.last?.last?.endsDocument == false
                if shards.isEmpty || goesOn || size + part.range.count > shardSize {
                    shards.append([])
                    size = 0
                }
                shards[shards.count - 1].append(part)
                size += part.range.count + SourceDocument.endOfText.count
            }
        }
        guard shards.count <= maximumShardCount else {
            throw Failure(
                "the text makes too many shards", expected: "at most \(maximumShardCount)",
                got: "\(shards.count)", remedy: "use larger shards")
        }
        return shards.enumerated().map { index, parts in
            PreparationJob(split: split, index: index, documents: parts, paths: sources.map(\.path))
        }
    }
}
