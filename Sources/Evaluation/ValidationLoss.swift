import Collectives
import Datasets
import Models
import Tensors

/// The loss of a model over a stream of tokens, computed by all ranks together.
///
/// The windows are cut, in file order, into portions of a fixed size; rank r computes portions r, r + R,
/// ... and the sums of all portions are added in their order, in double. The result has the same bits for
/// every world size.
package struct ValidationLoss {
    private let stream: TokenStream
    private let sampler: WindowSampler
    /// Windows that are scored, from the front.
    private let windowCount: Int
    private let portionSize: Int

    /// - Parameters:
    ///   - windowLimit: the most windows to score; nil scores all.
    ///   - portionSize: windows in one forward pass.
    package init(
        stream: TokenStream, sequenceLength: Int, windowLimit: Int? = nil, portionSize: Int
    ) throws {
        precondition(portionSize > 0, "a portion above 0, got \(portionSize)")
        self.stream = stream
        sampler = try WindowSampler(
            tokenCount: stream.tokenCount, sequenceLength: sequenceLength, globalBatchSize: 1,
            seed: 0, isShuffled: false)
        windowCount = min(sampler.windowCount, windowLimit ?? .max)
        self.portionSize = portionSize
    }

    /// Tokens that are scored: each window's targets.
    package var tokenCount: Int { windowCount * sampler.sequenceLength }

    /// The sum of the losses of all scored tokens, in nats. Collective.
    package func total(
        _ model: any LanguageModel, over communicator: any Communicator
    ) throws -> Double {
        let portionCount = (windowCount + portionSize - 1) / portionSize
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let sumsPerRank = (portionCount + worldSize - 1) / worldSize
        let own: [Double] = try communicator.agree {
            try (0..<sumsPerRank).map { index in
                let portion = index * worldSize + rank
                return portion < portionCount ? try sum(ofPortion: portion, model) : 0
            }
        }
        let all: [Double] = try communicator.allGather(own)
        var total = 0.0
        for portion in 0..<portionCount {
            total += all[portion % worldSize * sumsPerRank + portion / worldSize]
        }
        return total
    }

    /// Average loss of a scored token, in nats. Collective.
    package func average(
        _ model: any LanguageModel, over communicator: any Communicator
    ) throws -> Double {
        try total(model, over: communicator) / Double(tokenCount)
    }

    /// Calls `body` with the targets of each portion in order.
    package func forEachTargets(_ body: ([Int32]) throws -> Void) throws {
        for first in stride(from: 0, to: windowCount, by: portionSize) {
            try body(batch(first..<min(first + portionSize, windowCount)).targets)
        }
    }

    private func sum(ofPortion portion: Int, _ model: any LanguageModel) throws -> Double {
        let first = portion * portionSize
        let batch = try batch(first..<min(first + portionSize, windowCount))
        let all = 0..<batch.sequenceCount
        let loss = model.loss(
            Tape(device: model.device), inputs: batch.inputTensor(of: all, on: model.device),
            targets: batch.targetTensor(of: all, on: model.device), scale: 1)
        return loss.value
    }

    private func batch(_ windows: Range<Int>) throws -> TokenBatch {
        try TokenBatch(windows, of: sampler, in: stream)
    }
}
