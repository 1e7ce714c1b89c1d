import Diagnostics

/// How text becomes token shards: a list of jobs, each of which makes one shard.
///
/// The plan is a function of the input alone, so that the number and content of the shards do not
/// depend on how many processes share the jobs, nor on their order. A file is one document or, with
/// the literal `<|endoftext|>` in it, several; empty ones are left out.
///
/// Validation takes the last documents: those after the border between two documents at which the
/// bytes before are nearest to (1 - fraction) of all; at least one document stays on each side.
/// A single document of n scalars is cut after the first floor((1 - fraction) n), and both sides
/// are documents.
///
/// A shard holds at most `shardSize` bytes of text; a longer document is cut, at a line where there
/// is one, and goes on in the next shard.
package struct PreparationPlan: Codable, Equatable, Sendable {
    /// The train shards, then the validation shards, in name order.
    package let jobs: [PreparationJob]

    package static let defaultValidationFraction = 0.1
    /// Bytes of text: a few seconds of work, and little enough to hold in memory.
    package static let defaultShardSize = 1 << 26
    /// Names have five digits, and name order is stream order.
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
                got: "\(inputs.count) empty files", at: inputs.joined(separator: ", "))
        }
        let (train, validation) = try Self.split(
            documents, fraction: validationFraction, sources: sources)
        jobs =
            try Self.jobs(.train, documents: train, sources: sources, shardSize: shardSize)
            + Self.jobs(.validation, documents: validation, sources: sources, shardSize: shardSize)
    }

    private static func split(
        _ documents: [SourceDocument], fraction: Double, sources: [SourceFile]
    ) throws -> (train: [SourceDocument], validation: [SourceDocument]) {
        if fraction == 0 { return (documents, []) }
        if documents.count == 1 {
            let (train, validation) = try cut(
                documents[0], fraction: fraction, source: sources[documents[0].file])
            return ([train], [validation])
        }
        let total = documents.reduce(0) { $0 + $1.range.count }
        let wanted = (1 - fraction) * Double(total)
        var (bestCount, bestDistance, before) = (1, Double.infinity, 0)
        for count in 1..<documents.count {
            before += documents[count - 1].range.count
            let distance = abs(Double(before) - wanted)
            if distance < bestDistance { (bestCount, bestDistance) = (count, distance) }
        }
        return (Array(documents[..<bestCount]), Array(documents[bestCount...]))
    }

    private static func cut(_ document: SourceDocument, fraction: Double, source: SourceFile)
        throws -> (SourceDocument, SourceDocument)
    {
        var whole = UTF8Scanner()
        try source.forEachBlock(of: document.range) { _, block in
            for byte in block { _ = whole.consume(byte) }
        }
        let trainCount = Int((1 - fraction) * Double(whole.scalarCount))
        guard trainCount > 0, trainCount < whole.scalarCount else {
            throw Failure(
                "the text is too short to hold a part of it out", expected: "more characters",
                got: "\(whole.scalarCount)", at: source.path,
                remedy: "use more text or a validation fraction of 0")
        }
        let place = try offset(ofScalar: trainCount, in: document.range, of: source)
        return document.cut(at: place)
    }

    private static func offset(ofScalar index: Int, in range: Range<Int>, of source: SourceFile)
        throws -> Int
    {
        var scanner = UTF8Scanner()
        var place = range.upperBound
        try source.forEachBlock(of: range) { offset, block in
            for (position, byte) in block.enumerated() {
                if scanner.consume(byte) && scanner.scalarCount == index + 1 {
                    place = offset + position
                }
            }
        }
        return place
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
