import Models
import ReferenceModels
import Tensors
import Testing

@Suite struct ClassificationTests {
    /// Rounding of float32 through a few layers, against a reference in float64.
    static let tolerance: Float = 1e-5

    let device = Device(threadCount: 2)

    @Test(arguments: ReferenceModel.families)
    func scoresOfClassesEqualPyTorch(_ reference: ReferenceModel) throws {
        let base = try reference.model(device: device)
        let head = try reference.values("class_head")
        var plan = ParameterPlan()
        plan.classCount = head.count / base.configuration.embeddingSize
        let model = LanguageModel(base.configuration, device: device, plan: plan)
        for parameter in base.parameters.parameters {
            let own = try #require(model.parameters[parameter.name])
            device.copy(base.parameters.value(of: parameter), to: model.parameters.value(of: own))
        }
        let own = model.parameters.value(of: try #require(model.head)).buffer
        for (index, value) in head.enumerated() { own[index] = value }

        let inputs = try reference.tokens("input_ids", device: device)
        let (sequences, length) = (inputs.shape[0], inputs.shape[1])
        let scores = model.classScores(
            Tape(device: device), inputs: inputs,
            rows: (1...sequences).map { $0 * length - 1 })
        #expect(scores.shape == [sequences, plan.classCount ?? 0])
        let expected = try reference.values("class_scores")
        #expect(relativeError(scores.value.array, expected) < Self.tolerance)
    }
}
