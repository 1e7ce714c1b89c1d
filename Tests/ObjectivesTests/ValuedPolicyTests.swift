import Datasets
import Foundation
import JSON
import ModelFiles
import Models
import Objectives
import ReferenceModels
import Tensors
import Testing

/// Policy optimisation with a value head, against PyTorch on given answers
/// (Tests/Fixtures/make_policy_fixtures.py), and by hand.
@Suite struct ValuedPolicyTests {
    /// The same float32 sums in another order.
    private static let tolerance = 1e-5

    private let device = Device(threadCount: 2)

    @Test(arguments: [[0..<4], [0..<1, 1..<3, 3..<4]])
    func updatesAreThoseOfPyTorch(_ parts: [Range<Int>]) throws {
        let fixture = try PolicyFixture()
        let model = try fixture.model(device: device)
        let objective = PolicyObjective(model: model, settings: fixture.settings)
        let batch = TokenBatch(try fixture.examples())
        let weight = objective.weight(of: batch, part: 0..<4)
        let gradients = ParameterGradients(model.parameters)
        for (number, step) in fixture.steps.enumerated() {
            gradients.reset()
            var (value, sums) = (0.0, [Double]())
            for part in parts {
                let tape = Tape(device: device, gradients: gradients)
                let loss = objective.loss(tape, batch, part: part, dropout: nil)
                tape.backward(from: loss.root)
                value += loss.value / weight
                sums = objective.combined(sums, loss.sums)
            }
            gradients.zeroWhatIsMissing()
            expectClose(value, step["loss"], "loss of update \(number)")
            let measures = objective.measures(
                sums, BatchProgress(tokenCount: 0, sequenceCount: 0))
            for (name, expected) in step["measures"]?.object ?? [:] {
                expectClose(
                    try #require(measures[name], "\(name)"), expected, "\(name), \(number)")
            }
            for (name, expected) in step["norms"]?.object ?? [:] {
                let parameter = try #require(model.parameters[name], "\(name)")
                let gradient = gradients.values.buffer[parameter.range]
                let squares = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }
                expectClose(squares.squareRoot() / weight, expected, "\(name), \(number)")
                let values = model.parameters.value(of: parameter).buffer
                for (index, slope) in gradient.enumerated() {
                    values[index] -= Float(fixture.number("rate") / weight) * slope
                }
            }
        }
        #expect(fixture.steps.count == 4)
    }

    @Test func advantagesAreThoseOfPyTorch() throws {
        let fixture = try PolicyFixture()
        let found = fixture.advantages
        for (index, answer) in fixture.answers.enumerated() {
            let advantages = (answer["advantages"]?.array ?? []).compactMap(\.double)
            #expect(found.advantages[index].count == advantages.count)
            for (own, other) in zip(found.advantages[index], advantages) {
                #expect(abs(own - other) < 1e-9)
            }
        }
        #expect(found.advantages.contains { $0.isEmpty })
    }

    /// Values 1 and 3, a reward of 5 at the end and a penalty of 1 at the first token, gamma and lambda 1/2:
    /// d = (-1 + 3/2 - 1, 5 - 3), A = (d_0 + d_1 / 4, 2), returns A + V.
    @Test func advantagesLookAtRewardsAndValues() {
        let answer = TokenAdvantages.Answer(reward: 5, penalties: [1, 0], values: [1, 3])
        let found = TokenAdvantages([answer, nil], gamma: 0.5, lambda: 0.5)
        #expect(found.returns == [[1, 5], []])
        // Mean 1 and variance 2, whitened.
        let scale = 1 / (2 + 1e-8).squareRoot()
        #expect(found.advantages == [[-scale, scale], []])
        let single = TokenAdvantages.Answer(reward: 5, penalties: [0], values: [1])
        #expect(TokenAdvantages([single], gamma: 1, lambda: 1).advantages == [[0]])
    }

    /// A value, the loss, its derivative; sampled 1, the return 2, the bound 0.2.
    @Test(arguments: [
        (1.0, 0.5, -1.0), (1.1, 0.405, -0.9), (1.5, 0.32, 0), (0.5, 1.125, -1.5), (4, 2, 2),
    ])
    func valuesAreClippedWhereTheyHaveGoneFarEnough(
        _ value: Double, _ loss: Double, _ slope: Double
    ) {
        var settings = PolicySettings()
        settings.valueClip = 0.2
        let found = settings.valueLoss(value, sampled: 1, return: 2)
        #expect(abs(found.value - loss) < 1e-12 && abs(found.slope - slope) < 1e-12)
        #expect(found.isClipped == (slope == 0))
    }

    private func expectClose(
        _ value: Double, _ expected: JSONValue?, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = expected?.double ?? .nan
        #expect(
            abs(value - expected) <= Self.tolerance * max(1, abs(expected)),
            "\(what): \(value), expected \(expected)", sourceLocation: sourceLocation)
    }
}

/// What make_policy_fixtures.py wrote.
private struct PolicyFixture {
    let json: JSONValue

    init() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/policy/ppo.json")
        json = try JSONValue(parsing: Array(try Data(contentsOf: path)), at: path.path)
    }

    var answers: [JSONValue] { json["answers"]?.array ?? [] }
    var steps: [JSONValue] { json["steps"]?.array ?? [] }
    func number(_ name: String) -> Double { json[name]?.double ?? .nan }

    var settings: PolicySettings {
        var settings = PolicySettings()
        settings.algorithm = .ppo
        (settings.clipLow, settings.clipHigh) = (number("clip_low"), number("clip_high"))
        (settings.valueClip, settings.valueWeight) = (
            number("value_clip"), number("value_weight")
        )
        settings.temperature = number("temperature")
        return settings
    }

    func model(device: Device) throws -> LanguageModel {
        let files = try ModelDirectory(reading: ReferenceModel.llama[0].directory)
        var plan = ParameterPlan()
        plan.hasValueHead = true
        let model = LanguageModel(files.model, device: device, plan: plan)
        for parameter in model.baseParameters {
            try files.readTensor(
                named: parameter.name, into: model.parameters.value(of: parameter).buffer)
        }
        let head = model.parameters.value(of: try #require(model.valueHead)).buffer
        for (index, value) in numbers(json["head"]).enumerated() { head[index] = Float(value) }
        return model
    }

    var advantages: TokenAdvantages {
        TokenAdvantages(
            answers.map { answer in
                guard let reward = answer["reward"]?.double else { return nil }
                let pairs = zip(numbers(answer["logps"]), numbers(answer["references"]))
                return .init(
                    reward: reward, penalties: pairs.map { number("kl") * ($0 - $1) },
                    values: numbers(answer["values"]))
            }, gamma: number("gamma"), lambda: number("lambda"))
    }

    func examples() throws -> [TokenExample] {
        let advantages = advantages
        return answers.enumerated().map { index, answer in
            let (prompt, ids) = (tokens(answer["prompt"]), tokens(answer["ids"]))
            var example = TokenExample(
                inputs: prompt + ids.dropLast(),
                targets: Array(repeating: -1, count: prompt.count - 1) + ids)
            example.numbers =
                AnswerNumbers(
                    advantage: 0, sampled: numbers(answer["logps"]).map { Float($0) },
                    references: numbers(answer["references"]).map { Float($0) },
                    estimates: .init(
                        values: numbers(answer["values"]).map { Float($0) },
                        advantages: advantages.advantages[index],
                        returns: advantages.returns[index])
                ).list
            return example
        }
    }

    private func numbers(_ value: JSONValue?) -> [Double] {
        (value?.array ?? []).compactMap(\.double)
    }

    private func tokens(_ value: JSONValue?) -> [Int32] {
        (value?.array ?? []).compactMap { $0.integer.map(Int32.init) }
    }
}
