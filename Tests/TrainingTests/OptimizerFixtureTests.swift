import Collectives
import Models
import ReferenceModels
import Tensors
import Testing
import Training

/// Twenty updates by each rule, against torch.optim.Muon and schedulefree
/// (Tests/Fixtures/make_optimizer_fixtures.py).
@Suite struct OptimizerFixtureTests {
    /// The contract's; float32 on both sides for Muon.
    static let tolerance: Float = 1e-6
    /// The reference takes rates of matrices that are so many times those of other weights.
    static let matrixFactor = 40.0

    private let reference = ReferenceModel.optimizers

    @Test func muonEqualsTheReference() throws {
        let training = try StoredTraining(reference, .muon)
        try training.update(0)
        try expectClose(training.model, "muon.first.")
        for step in 1..<training.rates.count { try training.update(step) }
        try expectClose(training.model, "muon.")
    }

    @Test func scheduleFreeEqualsTheReference() throws {
        let training = try StoredTraining(reference, .scheduleFree)
        try training.update(0)
        try expectClose(training.model, "schedule_free.first.")
        for step in 1..<training.rates.count { try training.update(step) }
        try expectClose(training.model, "schedule_free.")
        let before = training.model.parameters.values.array
        try training.optimizer.onAverage(over: SingleProcess()) {
            try expectClose(training.model, "schedule_free.average.")
            #expect(training.model.parameters.values.array != before)
        }
        #expect(training.model.parameters.values.array == before, "the same bits come back")
    }

    private func expectClose(
        _ model: LanguageModel, _ label: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for parameter in model.parameters.parameters {
            let expected = try reference.values(label + parameter.name)
            let weights = model.parameters.value(of: parameter).array
            #expect(weights.count == expected.count)
            let difference = zip(weights, expected).map { abs($0 - $1) }.max() ?? 1
            #expect(
                difference <= Self.tolerance, "\(label)\(parameter.name): \(difference)",
                sourceLocation: sourceLocation)
        }
    }
}

/// The model of the fixture, and an optimizer that is given its gradients.
private struct StoredTraining {
    let reference: ReferenceModel
    let model: LanguageModel
    let optimizer: Optimizer
    let rates: [Float]

    init(_ reference: ReferenceModel, _ kind: OptimizerOptions.Kind) throws {
        self.reference = reference
        model = try reference.model(device: Device(threadCount: 2))
        var options = OptimizerOptions()
        options.kind = kind
        (options.beta1, options.beta2, options.epsilon) = (0.9, 0.95, 1e-8)
        (options.weightDecay, options.momentum) = (0.1, 0.95)
        options.matrixLearningRate =
            options.learningRate * OptimizerFixtureTests.matrixFactor
        optimizer = Optimizer(
            options, parameters: model.parameters, hidden: model.configuration.linearModules)
        rates = try reference.values("rates")
    }

    func update(_ step: Int) throws {
        let gradients = model.device.zeros([model.parameters.layout.trainedCount])
        for parameter in model.parameters.trained {
            let values = try reference.values("grad.\(parameter.name)")
            let count = parameter.range.count
            let own = values[step * count..<(step + 1) * count]
            for (index, value) in zip(parameter.range, own) { gradients.buffer[index] = value }
        }
        try optimizer.update(
            gradients, learningRate: Double(rates[step]), gradientScale: 1, over: SingleProcess())
    }
}
