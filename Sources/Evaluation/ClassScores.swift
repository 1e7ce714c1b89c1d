import Collectives
import Datasets
import Foundation
import Models
import Objectives
import Tensors

/// The scores that a model gives the classes after the last token of each of some texts, computed by all
/// ranks together.
///
/// The texts are cut, in the order of their lengths, into portions of a fixed size; rank r computes
/// portions r, r + R, ... So the scores have the same bits for every world size.
package struct ClassScores: Equatable, Sendable {
    /// The scores [classes] of each text, in the order in which they were given.
    package let rows: [[Float]]

    package static let portionSize = 16

    /// Computes the scores of the examples. Collective.
    ///
    /// - Precondition: the model has a head of `classCount` classes.
    package init(
        of examples: [TokenExample], by model: LanguageModel,
        over communicator: any Communicator
    ) throws {
        try self.init(of: examples, over: communicator) { batch in
            let rows = batch.lengths.enumerated().map { $0 * batch.sequenceLength + $1 - 1 }
            return model.classScores(
                Tape(device: model.device),
                inputs: batch.inputTensor(of: 0..<batch.sequenceCount, on: model.device),
                rows: rows
            ).value
        }
    }

    /// - Parameter score: the scores [sequences, classes] of a batch; called on some rank.
    package init(
        of examples: [TokenExample], over communicator: any Communicator,
        _ score: (TokenBatch) throws -> Tensor<Float>
    ) throws {
        let order = examples.indices.sorted {
            (examples[$0].inputs.count, $0) < (examples[$1].inputs.count, $1)
        }
        let portions = stride(from: 0, to: order.count, by: Self.portionSize).map {
            order[$0..<min($0 + Self.portionSize, order.count)]
        }
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let own: [Float] = try communicator.agree {
            try stride(from: rank, to: portions.count, by: worldSize).flatMap {
                try score(TokenBatch(portions[$0].map { examples[$0] })).array
            }
        }
        let all = try communicator.allGather(ofAnySize: own.withUnsafeBytes(Array.init))
            .map(\.floats)
        let width = all.reduce(0) { $0 + $1.count } / max(1, examples.count)
        var rows = Array(repeating: [Float](), count: examples.count)
        var next = Array(repeating: 0, count: worldSize)
        for (number, portion) in portions.enumerated() {
            for index in portion {
                let start = next[number % worldSize]
                rows[index] = Array(all[number % worldSize][start..<start + width])
                next[number % worldSize] += width
            }
        }
        self.rows = rows
    }

    /// The first text whose scores are not all numbers; nil where there is none.
    package var firstNonFinite: Int? { rows.firstIndex { !$0.allSatisfy(\.isFinite) } }

    /// The class with the highest score of each text; the first of equals.
    package var classes: [Int] {
        rows.map { row in row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }
    }

    /// The softmax of the scores of each text.
    package var probabilities: [[Double]] {
        rows.map { row in
            let highest = Double(row.max() ?? 0)
            let exponentials = row.map { exp(Double($0) - highest) }
            let sum = exponentials.reduce(0, +)
            return exponentials.map { $0 / sum }
        }
    }
}

extension [UInt8] {
    fileprivate var floats: [Float] {
        withUnsafeBytes { bytes in
            stride(from: 0, to: count, by: MemoryLayout<Float>.stride).map {
                bytes.loadUnaligned(fromByteOffset: $0, as: Float.self)
            }
        }
    }
}
