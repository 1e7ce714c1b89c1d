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
    private let read: (Range<Int>) throws -> TokenBatch

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
            portionSize: portionSize
        ) { try TokenBatch($0, of: sampler, in: stream) }
    }

    /// Examples, in their order.
    package init(examples: [TokenExample], portionSize: Int) {
        self.init(sequenceCount: examples.count, portionSize: portionSize) {
            TokenBatch(examples[$0])
        }
    }

    private init(
        sequenceCount: Int, leftOutCount: Int = 0, portionSize: Int,
        read: @escaping (Range<Int>) throws -> TokenBatch
    ) {
        precondition(portionSize > 0, "a portion above 0, got \(portionSize)")
        self.sequenceCount = sequenceCount
        self.leftOutCount = leftOutCount
        self.portionSize = portionSize
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
        let portionCount = (sequenceCount + portionSize - 1) / portionSize
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let perRank = (portionCount + worldSize - 1) / worldSize
        let nothing = Array(repeating: 0.0, count: count)
        let own: [Double] = try communicator.agree {
            try (0..<perRank).flatMap { index in
                let number = index * worldSize + rank
                return number < portionCount ? try score(read(portion(number))) : nothing
            }
        }
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

    /// Calls `body` with the targets of this rank's portions, in order.
    package func forEachOwnTargets(
        over communicator: any Communicator, _ body: ([Int32]) throws -> Void
    ) throws {
        let count = (sequenceCount + portionSize - 1) / portionSize
        for number in stride(from: communicator.rank, to: count, by: communicator.worldSize) {
            try body(read(portion(number)).targets)
        }
    }

    private func portion(_ number: Int) -> Range<Int> {
        number * portionSize..<min((number + 1) * portionSize, sequenceCount)
    }
}
