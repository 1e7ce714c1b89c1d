import Collectives
import Datasets
import Models
import Objectives
import Tensors

/// How likely a model finds the texts of some examples, computed by all ranks together.
///
/// Each example is a forward pass of its own: its numbers do not depend on those beside it, nor on the
/// number of ranks.
package enum TextLikelihoods {
    /// The sums of the log-probabilities of the targets of each text of each example. Collective.
    ///
    /// - Precondition: all examples have `textCount` texts.
    package static func sums(
        of examples: [TokenExample], textCount: Int, by model: LanguageModel,
        over communicator: any Communicator
    ) throws -> [[Double]] {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let perRank = (examples.count + worldSize - 1) / worldSize
        let own = (0..<perRank).flatMap { index in
            let number = index * worldSize + rank
            guard number < examples.count else { return Array(repeating: 0.0, count: textCount) }
            return sums(of: examples[number], by: model)
        }
        let all = try communicator.allGather(own)
        return examples.indices.map { number in
            let first = (number % worldSize * perRank + number / worldSize) * textCount
            return Array(all[first..<first + textCount])
        }
    }

    private static func sums(of example: TokenExample, by model: LanguageModel) -> [Double] {
        let batch = TokenBatch([example])
        var wanted = TargetRows()
        wanted.rows = batch.targets.indices.filter { batch.targets[$0] >= 0 }
        wanted.targets = wanted.rows.map { batch.targets[$0] }
        let values = model.logLikelihoods(
            Tape(device: model.device),
            inputs: batch.inputTensor(of: 0..<1, on: model.device), of: wanted,
            segments: batch.segments(of: 0..<1)
        ).values.value.array
        var start = 0
        return example.lengths.map { length in
            defer { start += length }
            return zip(wanted.rows, values).reduce(0.0) { sum, entry in
                (start..<start + length).contains(entry.0) ? sum + Double(entry.1) : sum
            }
        }
    }
}
