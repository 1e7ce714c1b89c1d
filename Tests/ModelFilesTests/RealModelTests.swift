import Files
import Foundation
import JSON
import ModelFiles
import Models
import Tensors
import Testing
import Tokenizers

/// Files of real models that are on this machine.
private enum RealModel {
    private static let environment = ProcessInfo.processInfo.environment

    /// SmolLM2-135M-Instruct in Q4_1, below the folder that SWIFT_LLM_DATA names.
    static let smolLM2 = data("weights/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf")
    /// Gemma-3-270M in Q4_K_M, the file that SWIFT_LLM_GEMMA names (Tests/Scripts/fetch_gemma).
    static let gemma = environment["SWIFT_LLM_GEMMA"].flatMap(existing)
    static let text = data("text/tinyshakespeare.txt")

    private static func data(_ name: String) -> String? {
        environment["SWIFT_LLM_DATA"].flatMap { existing("\($0)/\(name)") }
    }

    private static func existing(_ path: String) -> String? {
        FileManager.default.fileExists(atPath: path) ? path : nil
    }
}

/// Nats a token of the first 1,024 tokens of a text, against PyTorch's for the same file dequantised
/// (transformers 5.24, torch 2.13, fp32).
@Suite struct RealModelTests {
    /// The reference sums in another order.
    private static let tolerance = 2e-4

    /// How weights lie in memory, how they are multiplied, and how far the loss may be off.
    static let ways: [(HeldWeights, QuantizedArithmetic, Double)] = [
        (.floats, .exact, tolerance), (.stored, .exact, tolerance),
        // Within 1 %: 8 bits.
        (.stored, .int8, 0.03), (.quantized(.q8), .exact, 0.03),
    ]

    private func mean(
        _ source: GGUFSource, _ ids: [Int32], parameters: Int,
        as held: HeldWeights, _ arithmetic: QuantizedArithmetic
    ) throws -> Double {
        let device = Device(threadCount: 2)
        let files = held.held(source)
        var plan = ParameterPlan { _ in false }
        plan.quantized = held.quantizedTypes(of: files)
        let model = LanguageModel(source.model, device: device, plan: plan)
        model.parameters.quantizedArithmetic = arithmetic
        try model.readWeights(of: files)
        #expect(model.parameters.parameterCount == parameters)
        let count = ids.count - 1
        let losses = model.tokenLosses(
            inputs: device.tensor(Array(ids.dropLast()), shape: [1, count]),
            targets: device.tensor(Array(ids.dropFirst()), shape: [1, count]))
        return losses.array.reduce(0.0) { $0 + Double($1) } / Double(count)
    }

    /// The ids are those of Tests/Fixtures/make_smollm2_fixture.py.
    @Test(.enabled(if: RealModel.smolLM2 != nil, "SWIFT_LLM_DATA is not set"), arguments: ways)
    func theLossOfSmolLM2IsPyTorchs(
        _ held: HeldWeights, _ arithmetic: QuantizedArithmetic, _ tolerance: Double
    ) throws {
        let place = fixture("../gguf/smollm2.json")
        let reference = try JSONValue(parsing: FileReader.bytes(of: place), at: place)
        let ids = try #require(reference["ids"]?.array).compactMap { $0.integer.map(Int32.init) }
        let source = try GGUFSource(reading: #require(RealModel.smolLM2))
        let loss = try mean(source, ids, parameters: 134_515_008, as: held, arithmetic)
        let expected = try #require(reference["loss"]?.double)
        #expect(abs(loss - expected) < tolerance, "\(loss)")
    }

    /// The ids are those of this program's tokenizer, which begins texts with a token.
    @Test(
        .enabled(
            if: RealModel.gemma != nil && RealModel.text != nil,
            "SWIFT_LLM_GEMMA or SWIFT_LLM_DATA is not set"), arguments: ways)
    func theLossOfGemmaIsPyTorchs(
        _ held: HeldWeights, _ arithmetic: QuantizedArithmetic, _ tolerance: Double
    ) throws {
        let source = try GGUFSource(reading: #require(RealModel.gemma))
        let text = try FileReader.bytes(of: #require(RealModel.text)).prefix(8000)
        let tokenizer = try source.tokenizer()
        let begin = try #require(tokenizer.beginningOfTextID)
        let ids = Array(([begin] + (try tokenizer.encode(Array(text)))).prefix(1024))
        #expect(Array(ids.prefix(8)) == [2, 7280, 67386, 236787, 107, 13286, 692, 7162])
        let loss = try mean(source, ids, parameters: 268_098_176, as: held, arithmetic)
        #expect(abs(loss - 3.8150) < tolerance, "\(loss)")
    }
}
