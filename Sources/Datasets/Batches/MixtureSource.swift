/// Windows of several streams, mixed by weights.
package struct MixtureSource: BatchSource {
    private let sources: [WindowSource]
    private let order: MixtureOrder
    /// The sequences that an epoch takes of each source; nil where weights say how to mix.
    private let budgets: [Int]?
    package let globalBatchSize: Int

    /// - Parameters:
    ///   - streams: those of the sources, in their order.
    ///   - options: the sources, the stages and the order of windows.
    ///   - separator: the token that ends a document, where documents do not see each other.
    package init(
        streams: [TokenStream], options: DataOptions, sequenceLength: Int, globalBatchSize: Int,
        seed: UInt64, separator: Int32?
    ) throws {
        self.globalBatchSize = globalBatchSize
        sources = try streams.enumerated().map { index, stream in
            // Each source has an order of its own.
            let sampler = try WindowSampler(
                tokenCount: stream.tokenCount, sequenceLength: sequenceLength, globalBatchSize: 1,
                seed: seed &+ UInt64(index), order: options.shuffle)
            return WindowSource(stream: stream, sampler: sampler, separator: separator)
        }
        order = MixtureOrder(
            weights: options.sources.map(\.share), stages: options.stages,
            globalBatchSize: globalBatchSize, seed: seed)
        let tokens = options.sources.compactMap(\.tokens)
        budgets =
            tokens.count == sources.count
            ? tokens.map { ($0 + sequenceLength - 1) / sequenceLength } : nil
    }

    package var sequenceLength: Int { sources[0].sequenceLength }

    /// The budgets of all sources, or as many windows as they have.
    package var sequenceCount: Int {
        budgets?.reduce(0, +) ?? sources.reduce(0) { $0 + $1.sequenceCount }
    }

    package func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        let places = sequences.map { slot(step: step, sequence: $0) }
        return try TokenBatch(
            windowCount: places.count, sequenceLength: sequenceLength,
            separator: sources[0].separator
        ) { index, tokens in
            let (source, number) = places[index]
            let range = sources[source].tokenRange(step: number, sequence: 0)
            try sources[source].stream.read(range, into: tokens)
        }
    }

    package func draft(step: Int, shares: [Range<Int>], rank: Int) throws -> BatchDraft {
        guard sources.contains(where: { $0.stream.holders != nil }) else {
            return .whole(try batch(step: step, sequences: shares[rank]))
        }
        let part = try ScatteredBatch(
            rank: rank, worldSize: shares.count, sequenceLength: sequenceLength,
            separator: sources[0].separator
        ) { rank in
            shares[rank].map {
                let place = window(step: step, sequence: $0)
                return TokenWindow(stream: sources[place.source].stream, range: place.range)
            }
        }
        return .scattered(part)
    }

    package func place(step: Int, sequence: Int) -> String {
        let window = window(step: step, sequence: sequence)
        return "tokens \(window.range) of source \(window.source + 1)"
    }

    /// The source of a sequence, and its tokens there.
    package func window(step: Int, sequence: Int) -> (source: Int, range: Range<Int>) {
        let (source, number) = slot(step: step, sequence: sequence)
        return (source, sources[source].tokenRange(step: number, sequence: 0))
    }

    private func slot(step: Int, sequence: Int) -> (source: Int, number: Int) {
        order.place(step: step, sequence: sequence, globalBatchSize: globalBatchSize)
    }

    /// How often the first steps go over each source.
    package func epochs(steps: Int) -> [Double] {
        zip(order.taken(steps: steps, globalBatchSize: globalBatchSize), sources).map {
            Double($0) / Double($1.sequenceCount)
        }
    }
}
