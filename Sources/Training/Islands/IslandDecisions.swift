import Collectives

/// What the islands tell each other after each step, so that all decide the same at the same step.
///
/// The words of a step are heard some steps later: islands need not wait for each other's messages, nor
/// those for the differences of weights that travel on the same links. So islands are never further
/// apart than that, and a stop comes so many steps after it was asked for.
final class IslandDecisions {
    /// One island's word after a step.
    struct Word: BitwiseCopyable, Equatable {
        /// Whether a rank is asked to stop; more than 0 where one is.
        var stop: Int64 = 0
        /// How far the checkpoint under way has come, as `CheckpointSaver.Progress`.
        var progress: Int64 = 0
        var lossSum = 0.0
        var weight = 0.0
        /// Whether the island skipped the step; 1 where it did.
        var skippedCount = 0.0
    }

    /// Steps between a word and its being heard.
    static let lag = 4

    private let islands: Islands
    /// The words that are under way, on the first rank of each island, the oldest first.
    private var rounds: [Round] = []

    private struct Round {
        /// The word of each member of the crew; this island's own is set.
        let words: UnsafeMutableBufferPointer<Word>
        let exchange: PendingExchange
    }

    init(_ islands: Islands) {
        self.islands = islands
    }

    /// Those that are still under way, as after an error, are given up.
    deinit {
        for round in rounds { round.exchange.abandon() }
    }

    private var speaks: Bool { islands.own.rank == 0 }

    /// Tells the other islands what this one has to say, and hears what they had to say some steps ago.
    /// Collective over the island.
    ///
    /// - Parameter word: this rank's; what it counts is the island's.
    /// - Returns: whether to stop, and the progress of all; nil as long as nothing has been heard. And the
    ///   words of all islands, on the first rank of each.
    func exchange(_ word: Word) throws -> (stop: Int64, progress: Int64?, words: [Word]) {
        let words = rounds.count >= Self.lag ? try hear() : []
        let stop = words.map(\.stop).max() ?? 0
        let progress = words.map(\.progress).max() ?? -1
        let agreed = try islands.own.allReduce(
            [word.stop, word.progress, stop, progress], .maximum)
        if speaks {
            var word = word
            (word.stop, word.progress) = (agreed[0], agreed[1])
            try tell(word)
        }
        return (agreed[2], agreed[3] < 0 ? nil : agreed[3], words)
    }

    /// Hears all that is under way, and begins anew: what was said before no longer counts.
    func restart() throws -> [[Word]] {
        var all: [[Word]] = []
        while !rounds.isEmpty { all.append(try hear()) }
        return all
    }

    private func tell(_ word: Word) throws {
        let crew = islands.crew
        let words = UnsafeMutableBufferPointer<Word>.allocate(capacity: crew.worldSize)
        words.initialize(repeating: Word())
        words[crew.rank] = word
        func place(_ member: Int) -> UnsafeMutableRawBufferPointer {
            let one = UnsafeMutableBufferPointer(rebasing: words[member...member])
            return UnsafeMutableRawBufferPointer(one)
        }
        let own = UnsafeRawBufferPointer(place(crew.rank))
        let exchange = try crew.exchange(
            on: 0, sends: islands.peers.map { MessageToSend(to: $0, own) },
            receives: islands.peers.map { MessageToReceive(from: $0, place($0)) })
        rounds.append(Round(words: words, exchange: exchange))
    }

    private func hear() throws -> [Word] {
        let round = rounds.removeFirst()
        try round.exchange.wait()
        defer { round.words.deallocate() }
        return islands.crewRanks.map { round.words[$0] }
    }
}
