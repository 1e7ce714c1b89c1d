import Models
import ReferenceModels
import Tensors
import Testing

/// Examples that share a sequence compute what each of them computes alone.
@Suite struct PackedExamplesTests {
    /// Rounding of float32 in products of other shapes.
    static let lossTolerance = 1e-5
    static let gradientTolerance: Float = 1e-4

    let device = Device(threadCount: 2)

    /// The lengths of the examples of each sequence, which leave a place over where there is room.
    private static func lengths(_ context: Int) -> [[Int]] {
        [[context / 2, 1, max(1, context / 2 - 2)], [max(1, context / 3)]]
    }

    @Test(arguments: ReferenceModel.all)
    func lossesAndGradientsAreThoseOfExamplesAlone(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: device)
        let packed = Self.lengths(min(24, model.configuration.contextLength))
        let alone = packed.flatMap { $0 }.map { [$0] }
        let (loss, gradients) = try result(model, packed, isPacked: true)
        let (expectedLoss, expected) = try result(model, alone, isPacked: false)
        #expect(abs(loss / expectedLoss - 1) < Self.lossTolerance)
        for (name, gradient) in gradients {
            let other = try #require(expected[name])
            #expect(relativeError(gradient, other) < Self.gradientTolerance, "\(name)")
        }
        // Without the bounds the examples would see each other.
        let (joined, _) = try result(model, packed, isPacked: false)
        #expect(abs(joined / expectedLoss - 1) > Self.lossTolerance)
    }

    /// Sequences of several blocks of queries, in windows and beyond.
    @Test func longExamplesAreCutIntoBlocks() throws {
        var configuration = DecoderConfiguration.llama(
            vocabularySize: 32, contextLength: 600, embeddingSize: 16, layerCount: 2, headCount: 4,
            keyValueHeadCount: 2, mlpSize: 24)
        configuration.dropoutRate = 0
        let model = LanguageModel(configuration, device: device)
        for parameter in model.parameters.parameters {
            device.fillNormal(
                model.parameters.value(of: parameter), deviation: 0.3, stream: parameter.index,
                seed: 5)
        }
        let packed = [[300, 290], [140, 10, 129, 128, 1]]
        let (loss, gradients) = try result(model, packed, isPacked: true)
        let (expectedLoss, expected) = try result(
            model, packed.flatMap { $0 }.map { [$0] }, isPacked: false)
        #expect(abs(loss / expectedLoss - 1) < Self.lossTolerance)
        for (name, gradient) in gradients {
            let other = try #require(expected[name])
            #expect(relativeError(gradient, other) < Self.gradientTolerance, "\(name)")
        }
    }

    /// The tokens of an example depend on its number alone.
    private func result(
        _ model: LanguageModel, _ sequences: [[Int]], isPacked: Bool
    ) throws -> (loss: Double, gradients: [String: [Float]]) {
        let width = sequences.map { $0.reduce(0, +) }.max() ?? 0
        let vocabulary = model.configuration.vocabularySize
        var (inputs, targets) = ([Int32](), [Int32]())
        var number = 0
        for lengths in sequences {
            for length in lengths {
                number += 1
                inputs += (0..<length).map { Int32(($0 * 7 + number * 3) % vocabulary) }
                targets += (0..<length).map { Int32(($0 * 5 + number) % vocabulary) }
            }
            let rest = width - lengths.reduce(0, +)
            inputs += Array(repeating: 0, count: rest)
            targets += Array(repeating: -1, count: rest)
        }
        let shape = [sequences.count, width]
        let gradients = ParameterGradients(model.parameters)
        let tape = Tape(device: device, gradients: gradients)
        let loss = model.loss(
            tape, inputs: device.tensor(inputs, shape: shape),
            targets: device.tensor(targets, shape: shape), scale: 1,
            segments: isPacked ? SequenceSegments(lengths: sequences, length: width) : nil)
        tape.backward(from: loss.root)
        let named = model.parameters.trained.map {
            ($0.name, gradients.gradient(of: $0).array)
        }
        return (loss.value, Dictionary(uniqueKeysWithValues: named))
    }
}
