import Collectives
import Datasets
import Diagnostics
import JSON
import Tokenizers

/// Measures how much of a text a model writes on by heart: the share of pieces whose end it writes, token
/// by token the likeliest, after reading their beginning.
///
/// The likeliest text is the end itself where each of its tokens is the likeliest after those before it, so
/// one pass over a piece decides. Rank r has pieces r, r + R, ...
///
/// Source: Carlini et al., Quantifying Memorization Across Neural Language Models (2023).
package struct MemorizationProbe {
    /// Tokens that the model reads; usual 50.
    package let prefixCount: Int
    /// Tokens that it must write; usual 50.
    package let continuationCount: Int
    /// The most pieces that are probed, spread evenly over the text.
    package let limit: Int

    package init(prefixCount: Int, continuationCount: Int, limit: Int) {
        precondition(prefixCount > 0 && continuationCount > 0 && limit > 0)
        (self.prefixCount, self.continuationCount) = (prefixCount, continuationCount)
        self.limit = limit
    }

    /// Probes the pieces of shards. Collective.
    ///
    /// - Throws: a usage `Failure` where no document has enough tokens, or the model too short a context.
    package func report(
        on stream: TokenStream, of model: TaskModel, _ tokenizer: any Tokenizer,
        over communicator: any Communicator
    ) throws -> MemorizationReport {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let (starts, own) = try communicator.agree {
            let starts = try pieceStarts(in: stream, contextLength: model.contextLength)
            let pairs = try stride(from: rank, to: starts.count, by: worldSize).map {
                try pair(from: starts[$0], in: stream, tokenizer)
            }
            return (starts, try model.likelihoods(of: pairs).map { Int64($0.matchedCount) })
        }
        let all = try communicator.allGather(
            ofAnySize: own.withUnsafeBytes(Array.init))
        let counts = all.map { bytes in
            bytes.withUnsafeBytes { buffer in
                stride(from: 0, to: buffer.count, by: 8).map {
                    Int(buffer.loadUnaligned(fromByteOffset: $0, as: Int64.self))
                }
            }
        }
        let matched = starts.indices.map { counts[$0 % worldSize][$0 / worldSize] }
        return try communicator.agree {
            MemorizationReport(
                probe: self, matchedCounts: matched,
                examples: try examples(of: matched, starts, stream, tokenizer))
        }
    }

    private func pieceStarts(in stream: TokenStream, contextLength: Int) throws -> [Int] {
        let size = prefixCount + continuationCount
        guard size <= contextLength else {
            throw Failure(
                "the pieces are longer than the model's context",
                expected: "at most \(contextLength) tokens of prefix and continuation",
                got: "\(size)", remedy: "lower --prefix-tokens or --continuation-tokens",
                kind: .usage)
        }
        let starts = try stream.windowStarts(ofSize: size)
        guard !starts.isEmpty else {
            throw Failure(
                "no document is long enough", expected: "\(size) tokens", got: "less",
                at: stream.paths[0], remedy: "lower --prefix-tokens or --continuation-tokens",
                kind: .usage)
        }
        let count = min(limit, starts.count)
        return (0..<count).map { starts[$0 * starts.count / count] }
    }

    private func pair(
        from start: Int, in stream: TokenStream, _ tokenizer: any Tokenizer
    ) throws -> TokenPair {
        let ids = try stream.tokens(start..<start + prefixCount + continuationCount)
        return TokenPair(context: Array(ids.prefix(prefixCount)), ids.dropFirst(prefixCount))
    }

    /// Pieces that are shown.
    private static let exampleCount = 5

    private func examples(
        of matched: [Int], _ starts: [Int], _ stream: TokenStream, _ tokenizer: any Tokenizer
    ) throws -> [MemorizationReport.Example] {
        let whole = matched.indices.filter { matched[$0] == continuationCount }
        return try whole.prefix(Self.exampleCount).map { index in
            let middle = starts[index] + prefixCount
            let place = try stream.place(ofToken: starts[index])
            return MemorizationReport.Example(
                place: "\(place.path), document \(place.document)",
                prefix: try tokenizer.decode(stream.tokens(starts[index]..<middle)),
                continuation: try tokenizer.decode(
                    stream.tokens(middle..<middle + continuationCount)))
        }
    }
}

/// What `evaluate --memorization` prints.
package struct MemorizationReport: Sendable {
    package struct Example: Sendable {
        package let place: String
        package let prefix: String
        package let continuation: String
    }

    let probe: MemorizationProbe
    /// The tokens of each piece's end that the model writes right, up to the first wrong one.
    package let matchedCounts: [Int]
    package let examples: [Example]

    package var memorizedCount: Int { matchedCounts.count { $0 == probe.continuationCount } }
    package var memorizedShare: Double {
        Double(memorizedCount) / Double(matchedCounts.count)
    }
    /// The tokens that are right before the first wrong one, on average.
    package var meanMatchedCount: Double {
        Double(matchedCounts.reduce(0, +)) / Double(matchedCounts.count)
    }

    package var json: JSONValue {
        let examples = examples.map { example in
            JSONValue.object([
                "place": .string(example.place), "prefix": .string(example.prefix),
                "continuation": .string(example.continuation),
            ])
        }
        return .object([
            "memorized_share": .number(memorizedShare), "memorized": .integer(memorizedCount),
            "sequences": .integer(matchedCounts.count),
            "mean_matched_tokens": .number(meanMatchedCount),
            "prefix_tokens": .integer(probe.prefixCount),
            "continuation_tokens": .integer(probe.continuationCount),
            "examples": .array(examples),
        ])
    }

    package var text: String {
        let heading =
            "memorized \(memorizedCount) of \(Quantity.count(matchedCounts.count, "sequence")) "
            + "(\((100 * memorizedShare).formattedTo(2)) %); on average "
            + "\(meanMatchedCount.formattedTo(1)) of \(probe.continuationCount) tokens"
        return
            ([heading]
            + examples.map {
                "\($0.place)\n  \(JSONValue.quoted($0.prefix))\n  -> \(JSONValue.quoted($0.continuation))"
            }).joined(separator: "\n")
    }
}
