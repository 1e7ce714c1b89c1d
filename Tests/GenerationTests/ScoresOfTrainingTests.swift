import Generation
import Models
import ReferenceModels
import Tensors
import Testing

/// What the engine says of a token that it draws is what a training pass with gradients says of it.
@Suite struct ScoresOfTrainingTests {
    private final class Drawn {
        var ids: [Int32] = []
        var bits: [UInt32] = []
    }

    private func drawn(
        _ model: LanguageModel, after prompt: [Int32], temperature: Float
    ) -> Drawn {
        let count = model.configuration.vocabularySize
        let engine = DecodingEngine(
            tokenizer: Pieces(pieces: (0..<count).map { [UInt8(48 + $0 % 64)] }), slotCount: 2,
            contextLength: model.configuration.contextLength, draftSource: nil)
        let drawn = Drawn()
        for seed in [3, 4] as [UInt64] {
            var options = SamplingOptions(seed: seed)
            options.temperature = Double(temperature)
            var request = GenerationRequest(
                model: model, prompt: prompt, maximumTokens: 5, sampler: TokenSampler(options))
            (request.scoredCount, request.scoreTemperature) = (0, temperature)
            request.ignoresEnd = true
            engine.add(request) { event in
                if case .token(let id, let score, _) = event, seed == 3 {
                    drawn.ids.append(id)
                    drawn.bits.append(score?.logProbability.bitPattern ?? 0)
                }
                return true
            }
        }
        while !engine.isIdle { engine.step() }
        return drawn
    }

    @Test(arguments: ReferenceModel.all, [false, true])
    func scoresAreTheLogLikelihoodsOfAPassWithGradients(
        _ reference: ReferenceModel, isRounded: Bool
    ) throws {
        guard !isRounded || ComputeKernels.hasBFloat16 else { return }
        let model = try reference.model(device: Device(threadCount: 2).byRow)
        if isRounded { model.parameters.keepBFloat16() }
        let prompt: [Int32] = [1, 5, 2]
        for temperature in model.configuration.logitCap == nil ? [1, 0.7] as [Float] : [1] {
            let drawn = drawn(model, after: prompt, temperature: temperature)
            #expect(drawn.ids.count == 5)
            // Beside another text, and padded to one length.
            let own = prompt + drawn.ids.dropLast()
            let other = [Int32](repeating: 3, count: own.count + 1)
            var wanted = TargetRows()
            wanted.rows = (prompt.count - 1..<own.count).map { $0 + other.count }
            wanted.targets = drawn.ids
            let tape = Tape(
                device: model.device, gradients: ParameterGradients(model.parameters))
            let found = model.logLikelihoods(
                tape,
                inputs: model.device.tensor(
                    other + own + [0], shape: [2, other.count]), of: wanted,
                temperature: temperature, wantsStatistics: true)
            #expect(found.values.value.array.map(\.bitPattern) == drawn.bits)
        }
    }
}
