import Files
import Foundation
import JSON
import ModelFiles
import Models
import Tensors
import Testing

/// The real SmolLM2-135M-Instruct in Q4_1, below the folder that SWIFT_LLM_DATA names.
private enum SmolLM2 {
    static let path: String? = {
        let folder = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]
        let name = "weights/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
        return folder.map { "\($0)/\(name)" }.flatMap {
            FileManager.default.fileExists(atPath: $0) ? $0 : nil
        }
    }()
}

@Suite(.enabled(if: SmolLM2.path != nil, "SWIFT_LLM_DATA is not set"))
struct SmolLM2Tests {
    /// That of the reference, which sums in another order.
    private static let tolerance = 2e-4

    /// Nats a token, against PyTorch's (Tests/Fixtures/make_smollm2_fixture.py).
    @Test func itsLossIsPyTorchs() throws {
        let place = fixture("../gguf/smollm2.json")
        let reference = try JSONValue(parsing: FileReader.bytes(of: place), at: place)
        let ids = try #require(reference["ids"]?.array).compactMap { $0.integer.map(Int32.init) }
        let source = try GGUFSource(reading: #require(SmolLM2.path))
        let device = Device(threadCount: 2)
        let model = LanguageModel(source.model, device: device)
        try model.readWeights(of: source)
        #expect(model.parameters.parameterCount == 134_515_008)
        let count = ids.count - 1
        let losses = model.tokenLosses(
            inputs: device.tensor(Array(ids.dropLast()), shape: [1, count]),
            targets: device.tensor(Array(ids.dropFirst()), shape: [1, count]))
        let mean = losses.array.reduce(0.0) { $0 + Double($1) } / Double(count)
        let expected = try #require(reference["loss"]?.double)
        #expect(abs(mean - expected) < Self.tolerance, "\(mean)")
    }
}
