import Evaluation
import Foundation
import ReferenceModels
import Tensors
import Testing

@Suite struct ContinuationScorerTests {
    /// The same float32 sums in another order.
    static let tolerance = 1e-4

    let device = Device(threadCount: 2)
    let context: [Int32] = [3, 1, 4, 1, 5]
    let continuations: [[Int32]] = [[9], [2, 6, 5], [3, 5]]

    @Test(arguments: ReferenceModel.all, [0, 2, 5, 9])
    func logLikelihoodsAreThoseOfWholeSequences(
        _ reference: ReferenceModel, sharedCount: Int
    ) throws {
        let model = try reference.model(device: device)
        let scores = ContinuationScorer(model).logLikelihoods(
            of: continuations, after: context, sharedCount: sharedCount)
        for (continuation, score) in zip(continuations, scores) {
            let ids = context + continuation
            let logits = model.logits(
                Tape(device: device), inputs: device.tensor(ids, shape: [1, ids.count])
            ).value
            let expected = (context.count..<ids.count).reduce(0.0) { sum, position in
                let row = logits.reshaped([ids.count, logits.columnCount])
                    .slice(position - 1..<position).array.map(Double.init)
                return sum + row[Int(ids[position])] - log(row.map(exp).reduce(0, +))
            }
            #expect(abs(score - expected) < Self.tolerance)
        }
    }

    /// Else the figures would depend on which questions a rank has.
    @Test func earlierQuestionsLeaveNoTrace() throws {
        let model = try ReferenceModel.llama[1].model(device: device)
        let contexts = [context, [3, 1, 4, 2], [3, 1], [7, 1, 4, 1], context]
        let scorer = ContinuationScorer(model)
        let inOrder = contexts.map {
            scorer.logLikelihoods(of: continuations, after: $0, sharedCount: 3)
        }
        let alone = contexts.map {
            ContinuationScorer(model).logLikelihoods(
                of: continuations, after: $0, sharedCount: 3)
        }
        #expect(inOrder == alone)
        #expect(Set(alone).count == 4)
    }
}
