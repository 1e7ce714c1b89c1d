import Datasets
import JSON
import ModelFiles
import Models
import Objectives
import ReferenceModels
import Tensors
import Testing

/// The loss of a reward model and its gradients, against PyTorch by the formulas of TRL.
@Suite struct RewardObjectiveTests {
    private let device = Device(threadCount: 2)

    private func model(_ record: JSONValue) throws -> LanguageModel {
        let files = try ModelDirectory(reading: ReferenceModel.llama[0].directory)
        var plan = ParameterPlan()
        plan.classCount = 1
        let model = LanguageModel(files.model, device: device, plan: plan)
        for parameter in model.baseParameters {
            try files.readTensor(
                named: parameter.name, into: model.parameters.value(of: parameter).buffer)
        }
        let head = model.parameters.value(of: try #require(model.head)).buffer
        for (index, value) in (record["head"]?.array ?? []).compactMap(\.double).enumerated() {
            head[index] = Float(value)
        }
        return model
    }

    private func examples(_ fixture: PreferenceFixture, _ record: JSONValue) -> [TokenExample] {
        let margins = (record["margins"]?.array ?? []).compactMap(\.double)
        return zip(fixture.json["pairs"]?.array ?? [], margins).map { pair, margin in
            func ids(_ name: String) -> [Int32] {
                (pair[name]?.array ?? []).compactMap { $0.integer.map(Int32.init) }
            }
            let texts = ["chosen", "rejected"].map { side in
                let text = ids("prompt") + ids(side)
                return TokenExample(
                    inputs: text, targets: Array(repeating: -1, count: text.count - 1) + [0])
            }
            var example = TokenExample(isolating: texts)
            example.numbers = [margin, Double(ids("chosen").count), Double(ids("rejected").count)]
            return example
        }
    }

    @Test(arguments: [[0..<3], [0..<2, 2..<3]])
    func lossMeasuresAndGradientsAreThoseOfPyTorch(_ parts: [Range<Int>]) throws {
        let fixture = try PreferenceFixture()
        let record = try #require(fixture.json["reward"])
        let model = try self.model(record)
        let objective = RewardObjective(
            model: model, centering: try #require(record["centering"]?.double))
        let batch = TokenBatch(examples(fixture, record))
        let gradients = ParameterGradients(model.parameters)
        var (value, sums) = (0.0, [Double]())
        for part in parts {
            let tape = Tape(device: device, gradients: gradients)
            let loss = objective.loss(tape, batch, part: part, dropout: nil)
            tape.backward(from: loss.root)
            value += loss.value / 3
            sums = objective.combined(sums, loss.sums)
        }
        gradients.zeroWhatIsMissing()
        #expect(abs(value - (try #require(record["loss"]?.double))) < 1e-5)
        let measures = objective.measures(sums, BatchProgress(tokenCount: 0, sequenceCount: 0))
        for (key, expected) in record["measures"]?.object ?? [:] {
            let found = try #require(measures[key])
            #expect(abs(found - (expected.double ?? .nan)) < 1e-5, "\(key)")
        }
        // Of two pairs the better answer is the longer one.
        #expect(measures["longer_wins"] == 2.0 / 3)
        for (key, expected) in record["norms"]?.object ?? [:] {
            let parameter = try #require(model.parameters[key])
            let norm =
                gradients.values.buffer[parameter.range].reduce(0.0) {
                    $0 + Double($1) * Double($1)
                }.squareRoot() / 3
            #expect(abs(norm - (expected.double ?? .nan)) < 1e-4 * max(1, norm), "\(key)")
        }
    }
}
