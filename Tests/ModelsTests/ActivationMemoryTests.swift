import Models
import Testing

/// What a block keeps of its inputs, which layers with adapters share only where one product joins them.
@Suite struct ActivationMemoryTests {
    private static let rows = 64

    /// Bytes a block keeps of adapters in bf16, by the configuration of Llama with some changes.
    private func kept(
        _ targets: [String], decomposes: Bool = false,
        _ change: (inout DecoderConfiguration) -> Void = { _ in }
    ) throws -> Int {
        var model = ModelPreset.llama110M.configuration(vocabularySize: 512)
        change(&model)
        var lora = LoRAConfiguration()
        (lora.targetModules, lora.decomposesWeights) = (targets, decomposes)
        let plan = try ParameterPlan(lora: lora, of: model)
        return ActivationMemory(of: model, rows: Self.rows, precision: .bf16, plan: plan)
            .keptByBlock
    }

    /// Bytes of inputs that are kept more often than once.
    private func inputs(_ count: Int) -> Int {
        let model = ModelPreset.llama110M.configuration(vocabularySize: 512)
        return count * 2 * Self.rows * model.embeddingSize
    }

    @Test func layersThatAreNotJoinedKeepAnInputEach() throws {
        let all = ["all-linear"]
        let joined = try kept(all)
        let biased = try kept(all) { $0.biasedModules = [.queries, .keys, .values] }
        #expect(biased == joined + inputs(2))
        let normed = try kept(all) { $0.headNorm = .eachHead }
        #expect(normed == joined + inputs(2))
        let gelu = try kept(all) { $0.activation = .geGLU }
        #expect(gelu == joined + inputs(1))
        let both = try kept(all) { ($0.activation, $0.headNorm) = (.geGLU, .eachHead) }
        #expect(both == joined + inputs(3))
    }

    /// Layers without adapters are multiplied with an input that is rounded once.
    @Test func onlyLayersWithAdaptersCount() throws {
        let lower = try kept(["down_proj"])
        let changed = try kept(["down_proj"]) { ($0.activation, $0.headNorm) = (.geGLU, .eachHead) }
        #expect(changed == lower)
        let one = try kept(["q_proj"])
        #expect(try kept(["q_proj"]) { $0.headNorm = .eachHead } == one + inputs(2))
    }

    @Test func anAdapterBehindTheActivationKeepsFloats() throws {
        let model = ModelPreset.llama110M.configuration(vocabularySize: 512)
        let floats = 4 * Self.rows * model.mlpSize
        let ranks = 2 * Self.rows * LoRAConfiguration().rank
        #expect(try kept(["up_proj", "down_proj"]) == kept(["up_proj"]) + ranks + floats)
    }

    @Test func layersOfDoRAAreNotJoined() throws {
        let model = ModelPreset.llama110M.configuration(vocabularySize: 512)
        let lengths = 4 * Self.rows * model.linearModules.reduce(0) { $0 + $1.outputSize }
        #expect(
            try kept(["all-linear"], decomposes: true)
                == kept(["all-linear"]) + inputs(3) + lengths / model.layerCount)
    }
}
