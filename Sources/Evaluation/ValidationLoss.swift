import Collectives
import Datasets
import Models
import Objectives
import Tensors

/// The loss of a model over sequences in a fixed order, computed by all ranks together.
///
/// The sequences are cut into portions of a fixed size; rank r computes portions r, r + R, ... and the
/// sums of all portions are added in their order, in double. The result has the same bits for every
/// world size.
package struct ValidationLoss {
    /// The sum of the losses of what counts, in nats, and what turns it into an average.
    package struct Total: BitwiseCopyable, Equatable, Sendable {
        package var loss: Double
        package var weight: Double

        package init(loss: Double = 0, weight: Double = 0) {
            (self.loss, self.weight) = (loss, weight)
        }

        package var average: Double { weight > 0 ? loss / weight : 0 }
    }

    /// The number of sequences that are scored.
    package let sequenceCount: Int
    /// The windows of the stream behind them.
    package let leftOutCount: Int
    private let portionSize: Int
    /// Called with the rounds of portions that this rank has scored, and with all of them.
    package var whenScored: (_ round: Int, _ count: Int) -> Void = { _, _ in }
    /// Whether ranks read for each other, so that all of them go through the portions together.
    private let isScattered: Bool
    /// Reads the sequences of a rank, of those of all ranks.
    private let read: (_ shares: [Range<Int>], _ rank: Int) throws -> BatchDraft

    /// Windows of a stream, in file order.
    ///
    /// - Parameters:
    ///   - windowLimit: the most windows to score; nil scores all.
    ///   - portionSize: windows in one forward pass.
    package init(
        stream: TokenStream, sequenceLength: Int, windowLimit: Int? = nil, portionSize: Int
    ) throws {
        let sampler = try WindowSampler(
            tokenCount: stream.tokenCount, sequenceLength: sequenceLength, globalBatchSize: 1,
            seed: 0, order: .inOrder)
        let count = min(sampler.windowCount, windowLimit ?? .max)
        self.init(
            sequenceCount: count, leftOutCount: sampler.windowCount - count,
            portionSize: portionSize, isScattered: stream.holders != nil
        ) { shares, rank in
            guard stream.holders != nil else {
                return .whole(try TokenBatch(shares[rank], of: sampler, in: stream))
            }
            let part = try ScatteredBatch(
                rank: rank, worldSize: shares.count, sequenceLength: sequenceLength,
                separator: nil
            ) { rank in
                shares[rank].map {
                    TokenWindow(stream: stream, range: sampler.tokenRange(ofWindow: $0))
                }
            }
            return .scattered(part)
        }
    }

    /// Examples, in their order.
    package init(examples: [TokenExample], portionSize: Int) {
        self.init(sequenceCount: examples.count, portionSize: portionSize) { shares, rank in
            .whole(TokenBatch(examples[shares[rank]]))
        }
    }

    private init(
        sequenceCount: Int, leftOutCount: Int = 0, portionSize: Int, isScattered: Bool = false,
        read: @escaping (_ shares: [Range<Int>], _ rank: Int) throws -> BatchDraft
    ) {
        precondition(portionSize > 0, "a portion above 0, got \(portionSize)")
        self.sequenceCount = sequenceCount
        self.leftOutCount = leftOutCount
        self.portionSize = portionSize
        self.isScattered = isScattered
        self.read = read
    }

    /// The losses of all sequences as `score` finds them. Collective.
    ///
    /// - Parameter score: the total of one portion; called on some rank.
    package func total(
        over communicator: any Communicator, _ score: (TokenBatch) throws -> Total
    ) throws -> Total {
        let sums = try sums(2, over: communicator) { batch in
            let total = try score(batch)
            return [total.loss, total.weight]
        }
        return Total(loss: sums[0], weight: sums[1])
    }

    /// The sums over all sequences of what `score` finds. Collective.
    ///
    /// - Parameters:
    ///   - count: of the sums.
    ///   - combine: two parts of a sum, whose number comes last, as one; by default they are added.
    ///   - score: the sums of one portion; called on some rank.
    package func sums(
        _ count: Int, over communicator: any Communicator,
        combine: (Double, Double, Int) -> Double = { a, b, _ in a + b },
        _ score: (TokenBatch) throws -> [Double]
    ) throws -> [Double] {
        let worldSize = communicator.worldSize
        let perRank = roundCount(worldSize: worldSize)
        let nothing = Array(repeating: 0.0, count: count)
        var own: [Double] = []
        try forEachOwnBatch(over: communicator) { own += try score($0) }
        own += Array(repeating: 0.0, count: perRank * count - own.count)
        let all = try communicator.allGather(own)
        return (0..<portionCount).reduce(into: nothing) { sums, number in
            let first = (number % worldSize * perRank + number / worldSize) * count
            for index in 0..<count {
                let part = all[first + index]
                sums[index] = number == 0 ? part : combine(sums[index], part, index)
            }
        }
    }

    /// The loss of an objective over all sequences, its weight, and what else it adds up. Collective.
    package func sums(
        of objective: any Objective, over communicator: any Communicator
    ) throws -> [Double] {
        let foreseen =
            objective.foresightCount == 0
            ? []
            : try sums(objective.foresightCount, over: communicator) { batch in
                objective.foresight(batch, part: 0..<batch.sequenceCount)
            }
        func combine(_ a: Double, _ b: Double, _ index: Int) -> Double {
            index < 2 ? a + b : objective.combine(a, b, sum: index - 2)
        }
        return try sums(2 + objective.sumCount, over: communicator, combine: combine) { batch in
            let all = 0..<batch.sequenceCount
            let loss = objective.loss(
                Tape(device: objective.parameters.device), batch, part: all, dropout: nil,
                foreseen: foreseen)
            return [loss.value, objective.weight(of: batch, part: all)] + loss.sums
        }
    }

    /// The losses of all next tokens. Collective.
    package func total(
        _ model: LanguageModel, over communicator: any Communicator
    ) throws -> Total {
        try total(over: communicator) { batch in
            let all = 0..<batch.sequenceCount
            let loss = model.loss(
                Tape(device: model.device), inputs: batch.inputTensor(of: all, on: model.device),
                targets: batch.targetTensor(of: all, on: model.device), scale: 1)
            return Total(loss: loss.value, weight: Double(batch.countedTargets(of: all)))
        }
    }

    /// Calls `body` with the targets of this rank's portions, in order. Collective.
    package func forEachOwnTargets(
        over communicator: any Communicator, _ body: ([Int32]) throws -> Void
    ) throws {
        try forEachOwnBatch(over: communicator) { try body($0.targets) }
    }

    /// Calls `body` with this rank's portions, in order. Collective.
    private func forEachOwnBatch(
        over communicator: any Communicator, _ body: (TokenBatch) throws -> Void
    ) throws {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let rounds = 0..<roundCount(worldSize: worldSize)
        guard isScattered else {
            return try communicator.agree {
                for round in rounds {
                    let shares = shares(ofRound: round, worldSize: worldSize)
                    guard !shares[rank].isEmpty, case .whole(let batch) = try read(shares, rank)
                    else { continue }
                    try body(batch)
                    whenScored(round + 1, rounds.count)
                }
            }
        }
        var outcome: Result<Void, any Error> = .success(())
        for round in rounds {
            let shares = shares(ofRound: round, worldSize: worldSize)
            let draft = try communicator.agree { try read(shares, rank) }
            // Others wait for what this rank has read, whatever became of its own portion.
            let batch = try draft.completed(over: communicator)
            guard !shares[rank].isEmpty, case .success = outcome else { continue }
            outcome = Result { try body(batch) }
            whenScored(round + 1, rounds.count)
        }
        try communicator.agree { try outcome.get() }
    }

    private var portionCount: Int { (sequenceCount + portionSize - 1) / portionSize }

    private func roundCount(worldSize: Int) -> Int { (portionCount + worldSize - 1) / worldSize }

    /// The sequences of each rank's portion of a round; the last round may lack some.
    private func shares(ofRound round: Int, worldSize: Int) -> [Range<Int>] {
        (0..<worldSize).map { rank in
            let start = min(sequenceCount, (round * worldSize + rank) * portionSize)
            return start..<min(start + portionSize, sequenceCount)
        }
    }
}
