import Foundation
import Models
import ReferenceModels
import Tensors
import Testing

@Suite struct TokenLossesTests {
    /// The same float32 sums in another order.
    static let tolerance: Float = 1e-5

    let device = Device(threadCount: 2)

    @Test(arguments: ReferenceModel.all)
    func lossesOfTokensAreThoseOfTheirLogits(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let inputs = try reference.tokens("input_ids", device: device)
        let targets = try reference.tokens("targets", device: device)
        let losses = model.tokenLosses(inputs: inputs, targets: targets)
        #expect(losses.shape == inputs.shape)

        let vocabularySize = model.configuration.vocabularySize
        let logits = try reference.values("logits")
        for (row, target) in targets.array.enumerated() {
            let scores = logits[row * vocabularySize..<(row + 1) * vocabularySize].map(Double.init)
            let expected =
                target < 0
                ? 0 : log(scores.map(exp).reduce(0, +)) - scores[Int(target)]
            #expect(abs(losses.array[row] - Float(expected)) < Self.tolerance, "row \(row)")
        }
        #expect(targets.array.contains { $0 < 0 } && targets.array.contains { $0 >= 0 })
    }

    @Test(.enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"))
    func roundedWeightsGiveTheSumOfTheLoss() throws {
        let model = try ReferenceModel.gpt2[0].model(device: device)
        model.parameters.keepBFloat16()
        let inputs = try ReferenceModel.gpt2[0].tokens("input_ids", device: device)
        let targets = try ReferenceModel.gpt2[0].tokens("targets", device: device)
        let losses = model.tokenLosses(inputs: inputs, targets: targets)
        let sum = model.loss(Tape(device: device), inputs: inputs, targets: targets, scale: 1)
        let difference = losses.array.reduce(0) { $0 + Double($1) } - sum.value
        #expect(abs(difference) < 1e-3 * sum.value)
    }
}
