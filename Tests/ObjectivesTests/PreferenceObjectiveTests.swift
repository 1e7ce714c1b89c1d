import Datasets
import Foundation
import JSON
import ModelFiles
import Models
import Objectives
import ReferenceModels
import Tensors
import Testing

/// The losses of preference tuning and their gradients, against PyTorch by the formulas of TRL
/// (Tests/Fixtures/make_preference_fixtures.py).
@Suite struct PreferenceObjectiveTests {
    static let cases = [
        "sigmoid", "smoothed", "sigmoid_norm", "hinge", "ipo", "robust", "apo_zero", "orpo",
        "simpo", "cpo", "sum", "kto",
    ]

    /// The same float32 sums in another order.
    private static let tolerance = 1e-5

    private let device = Device(threadCount: 2)

    @Test(arguments: cases)
    func lossMeasuresAndGradientsAreThoseOfPyTorch(_ name: String) throws {
        let fixture = try PreferenceFixture()
        let record = try #require(fixture.json["cases"]?[name])
        let model = try ReferenceModel.llama[0].model(device: device)
        let result = fixture.result(of: try fixture.settings(record), by: model)
        expectClose(result.loss, try #require(record["loss"]?.double), "loss")
        for (key, value) in record["measures"]?.object ?? [:] {
            expectClose(
                try #require(result.measures[key], "\(key)"), try #require(value.double), key)
        }
        for (key, value) in record["norms"]?.object ?? [:] {
            let parameter = try #require(model.parameters[key])
            let gradient = result.gradients.values.buffer[parameter.range]
            let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            expectClose(norm, try #require(value.double), key)
        }
        for key in fixture.keptGradients(of: name) {
            let parameter = try #require(model.parameters[key])
            let error = relativeError(
                Array(result.gradients.values.buffer[parameter.range]),
                try fixture.gradient("\(name).\(key)"))
            #expect(error < 1e-4, "\(key)")
        }
    }

    private func expectClose(
        _ value: Double, _ expected: Double, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            abs(value - expected) <= Self.tolerance * max(1, abs(expected)),
            "\(what): \(value), expected \(expected)", sourceLocation: sourceLocation)
    }

    /// A batch that is cut into micro-batches has the sums of the whole.
    @Test(arguments: ["sum", "orpo", "kto"])
    func partsOfABatchAddUpToIt(_ name: String) throws {
        let fixture = try PreferenceFixture()
        let settings = try fixture.settings(try #require(fixture.json["cases"]?[name]))
        let model = try ReferenceModel.llama[0].model(device: device)
        let whole = fixture.result(of: settings, by: model)
        let parts = fixture.result(of: settings, by: model, parts: [0..<1, 1..<3])
        expectClose(parts.loss, whole.loss, "loss")
        for (key, value) in whole.measures { expectClose(parts.measures[key] ?? 0, value, key) }
        #expect(
            relativeError(parts.gradients.values.array, whole.gradients.values.array) < 1e-5)
    }

    @Test func theFirstStepIsChecked() throws {
        let model = try ReferenceModel.llama[0].model(device: device)
        var settings = PreferenceSettings()
        settings.weights = [.sigmoid: 0.5, .hinge: 2]
        #expect(abs(try #require(settings.lossAtReference) - 0.5 * log(2) - 2) < 1e-12)
        let objective = PairObjective(model: model, settings: settings)
        let likelihoods = ["logps/chosen": -40.0, "logps/rejected": -50.0]
        let atReference = objective.remark(
            onFirst: likelihoods.merging(["rewards/chosen": 1e-5, "rewards/rejected": 0]) { $1 },
            loss: 2.34657)
        #expect(atReference?.isWarning == false)
        #expect(atReference?.text.contains("no margins, as it must") == true)
        let apart = likelihoods.merging(["rewards/chosen": 0.5, "rewards/rejected": 0]) { $1 }
        let warning = objective.remark(onFirst: apart, loss: 2)
        #expect(warning?.isWarning == true)
        #expect(warning?.text.contains("the reference is not the model that is trained") == true)
        let other = PairObjective(model: model, settings: settings, startsAtReference: false)
            .remark(onFirst: apart, loss: 2)
        #expect(other?.isWarning == false)
        settings.weights = [.simpo: 1]
        let free = PairObjective(model: model, settings: settings)
        #expect(free.remark(onFirst: apart, loss: 2) == nil)
    }
}

/// What make_preference_fixtures.py wrote.
struct PreferenceFixture {
    let json: JSONValue
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/preference")

    init() throws {
        let path = Self.folder.appending(path: "pairs.json")
        json = try JSONValue(parsing: Array(try Data(contentsOf: path)), at: path.path)
    }

    func settings(_ record: JSONValue) throws -> PreferenceSettings {
        var settings = PreferenceSettings()
        settings.beta = try #require(json["beta"]?.double)
        settings.smoothing = record["settings"]?["label_smoothing"]?.double ?? 0
        settings.gamma = record["settings"]?["gamma"]?.double ?? 0.5
        settings.weights = [:]
        for (name, weight) in record["settings"]?["losses"]?.object ?? [:] {
            settings.weights[try #require(PreferenceLoss(rawValue: name))] = weight.double
        }
        return settings
    }

    struct Result {
        var loss = 0.0
        var measures: [String: Double] = [:]
        let gradients: ParameterGradients
    }

    /// Loss, measures and gradients of the batch, computed in parts.
    func result(
        of settings: PreferenceSettings, by model: LanguageModel, parts: [Range<Int>] = [0..<3]
    ) -> Result {
        let objective: any Objective =
            settings.learnsFromLabels
            ? LabelObjective(model: model, settings: settings)
            : PairObjective(model: model, settings: settings)
        let batch = TokenBatch(settings.learnsFromLabels ? labels : pairs)
        var result = Result(
            gradients: ParameterGradients(model.parameters))
        result.gradients.reset()
        let foreseen = parts.map { objective.foresight(batch, part: $0) }
            .reduce(Array(repeating: 0, count: objective.foresightCount)) { sums, part in
                zip(sums, part).map { $0 + $1 }
            }
        var sums = Array(repeating: 0.0, count: objective.sumCount)
        for part in parts {
            let tape = Tape(device: model.device, gradients: result.gradients)
            let loss = objective.loss(
                tape, batch, part: part, dropout: nil, foreseen: foreseen)
            tape.backward(from: loss.root)
            result.loss += loss.value / 3
            for (index, sum) in loss.sums.enumerated() { sums[index] += sum }
        }
        result.gradients.zeroWhatIsMissing()
        for index in result.gradients.values.buffer.indices {
            result.gradients.values.buffer[index] /= 3
        }
        result.measures = objective.measures(
            sums, BatchProgress(tokenCount: 0, sequenceCount: 0))
        return result
    }

    func keptGradients(of name: String) -> [String] {
        ["model.layers.1.self_attn.q_proj.weight", "lm_head.weight"]
    }

    func gradient(_ name: String) throws -> [Float] {
        let path = Self.folder.appending(path: "gradients.safetensors").path
        let file = try SafetensorsFile(path: path)
        let count = file.entries.first { $0.name == name }?.elementCount ?? 0
        var values = [Float](repeating: 0, count: count)
        try values.withUnsafeMutableBufferPointer { try file.readFloat32(name, into: $0) }
        return values
    }

    // MARK: Examples

    private func ids(_ value: JSONValue?) -> [Int32] {
        (value?.array ?? []).compactMap { $0.integer.map(Int32.init) }
    }

    private func numbers(_ value: JSONValue?) -> [Double] {
        (value?.array ?? []).compactMap(\.double)
    }

    private func example(_ prompt: [Int32], _ answers: [[Int32]]) -> TokenExample {
        TokenExample(
            isolating: answers.map { answer in
                let ids = prompt + answer
                let targets = ids.indices.dropFirst().map { $0 < prompt.count ? -1 : ids[$0] }
                return TokenExample(inputs: Array(ids.dropLast()), targets: targets)
            })
    }

    private var pairs: [TokenExample] {
        (json["pairs"]?.array ?? []).map { pair in
            var example = self.example(
                ids(pair["prompt"]), [ids(pair["chosen"]), ids(pair["rejected"])])
            example.numbers = numbers(pair["reference"])
            return example
        }
    }

    private var labels: [TokenExample] {
        (json["labels"]?.array ?? []).map { label in
            var example = self.example(
                ids(label["prompt"]), [ids(label["answer"]), ids(label["other"])])
            example.numbers = [label["label"]?.double ?? 0] + numbers(label["reference"])
            return example
        }
    }
}
