import Generation
import Models
import ReferenceModels
import Tensors
import Testing

@Suite struct CachedLogitsTests {
    /// Rounding of float32 alone: the same sums in another order.
    static let tolerance: Float = 1e-5

    /// A model of two blocks of 128 positions, with more columns than a tile.
    static let large = DecoderConfiguration.gpt2(
        vocabularySize: 301, contextLength: 140, embeddingSize: 72, layerCount: 2, headCount: 3)

    static func largeModel(threadCount: Int = 2) -> LanguageModel {
        largeModel(device: Device(threadCount: threadCount))
    }

    static func largeModel(device: Device) -> LanguageModel { random(large, device: device) }

    static func random(
        _ configuration: DecoderConfiguration, seed: UInt64 = 3, device: Device
    ) -> LanguageModel {
        let model = LanguageModel(configuration, device: device)
        model.initialize(seed: seed)
        // Larger weights than those of a fresh model: attention that is far from even.
        for parameter in model.parameters.parameters where parameter.shape.count == 2 {
            let value = model.parameters.value(of: parameter)
            model.device.fillNormal(value, deviation: 0.2, stream: parameter.index, seed: seed)
        }
        return model
    }

    static func ids(_ count: Int, below bound: Int, from start: Int = 0) -> [Int32] {
        (start..<start + count).map { Int32($0 * 37 % bound) }
    }

    /// Weights and what flows between products rounded to 8 bits, through two layers.
    static let bfloat16Tolerance: Float = 0.05

    @Test(.enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"))
    func roundedWeightsGiveNearlyTheSameLogits() {
        let (model, ids) = (Self.largeModel(), Self.ids(20, below: Self.large.vocabularySize))
        let inputs = model.device.tensor(ids, shape: [1, ids.count])
        let exact = model.nextTokenLogits(inputs)
        model.parameters.keepBFloat16()
        #expect(relativeError(model.nextTokenLogits(inputs).array, exact.array) > 0)
        // A prompt goes through whole products, the tokens after it through single rows.
        let cache = KeyValueCache(model.configuration, device: model.device)
        for part in [0..<17, 17..<18, 18..<19, 19..<20] {
            let input = model.device.tensor(ids[part], shape: [1, part.count])
            let logits = model.nextTokenLogits(input, cache: cache)
            guard part.upperBound == ids.count else { continue }
            #expect(relativeError(logits.array, exact.array) < Self.bfloat16Tolerance)
        }
    }

    @Test(arguments: [false, true])
    func packedWeightsGiveTheSameLogits(isRounded: Bool) throws {
        let gpt2 = DecoderConfiguration.gpt2(
            vocabularySize: 301, contextLength: 8, embeddingSize: 128, layerCount: 2,
            headCount: 4)
        let llama = DecoderConfiguration.llama(
            vocabularySize: 301, contextLength: 8, embeddingSize: 128, layerCount: 2,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 192)
        for configuration in [gpt2, llama] {
            let logits = [false, true].map { isPacked in
                let model = LanguageModel(configuration, device: Device(threadCount: 2))
                model.initialize(seed: 3)
                if isRounded { model.parameters.keepBFloat16() }
                let unpackedBytes = (isRounded ? 2 : 4) * model.parameters.parameterCount
                if isPacked { #expect(model.packForDecoding() * 10 < unpackedBytes * 9) }
                return decoded(model, Self.ids(6, below: 301))
            }
            #expect(logits[0] == logits[1])
        }
    }

    @Test func weightsArePackedWhereThatPaysAndFits() {
        let model = LanguageModel(
            .gpt2(
                vocabularySize: 65, contextLength: 8, embeddingSize: 64, layerCount: 1,
                headCount: 1), device: Device(threadCount: 1))
        let bytes = 4 * model.parameters.parameterCount
        #expect(model.pack(forTokens: 49, within: 1 << 40) == .tooFewTokens)
        #expect(
            model.pack(forTokens: 50, within: bytes) == .tooLittleMemory(neededBytes: bytes))
        #expect(model.parameters.packed(model.outputWeight) == nil)
        #expect(model.pack(forTokens: 50, within: 2 * bytes) == .packed)
        #expect(model.parameters.packed(model.outputWeight) != nil)
        model.parameters.keepBFloat16()
        #expect(model.parameters.packed(model.outputWeight) == nil)
        #expect(model.pack(forTokens: 50, within: bytes) == .packed)
    }

    /// The logits after each token of `ids`, which come one by one.
    private func decoded(_ model: LanguageModel, _ ids: [Int32]) -> [[UInt32]] {
        let cache = KeyValueCache(model.configuration, device: model.device)
        return ids.map { id in
            let input = model.device.tensor([id], shape: [1, 1])
            return model.nextTokenLogits(input, cache: cache).array.map(\.bitPattern)
        }
    }

    /// Feeds a whole context, cut at `cuts`, and compares the logits after each part with those
    /// of a pass over the whole sequence.
    private func check(_ model: LanguageModel, parts: [Int], batchSize: Int = 1) {
        let (device, sizes) = (model.device, model.configuration)
        let sequences = (0..<batchSize).map {
            Self.ids(sizes.contextLength, below: sizes.vocabularySize, from: 5 * $0)
        }
        let all = model.logits(
            Tape(device: device),
            inputs: device.tensor(
                sequences.joined().map { $0 }, shape: [batchSize, sizes.contextLength])
        ).value.reshaped([batchSize * sizes.contextLength, sizes.vocabularySize])
        let cache = KeyValueCache(sizes, batchSize: batchSize, device: device)
        for count in parts {
            let new = cache.length..<cache.length + count
            let input = device.tensor(
                sequences.flatMap { $0[new] }, shape: [batchSize, count])
            let logits = model.nextLogits(input, cache: cache)
            #expect(cache.length == new.upperBound)
            for sequence in 0..<batchSize {
                let row = sequence * sizes.contextLength + new.upperBound - 1
                let error = relativeError(
                    logits.slice(sequence..<sequence + 1).array, all.slice(row..<row + 1).array)
                #expect(error < Self.tolerance, "\(parts.prefix(3)), position \(row)")
            }
        }
    }

    /// A prompt of 1, 2, half a context, all but one, all; then token by token.
    private func promptLengths(_ contextLength: Int) -> [Int] {
        [1, 2, contextLength / 2, contextLength - 1, contextLength]
    }

    @Test(arguments: ReferenceModel.all)
    func cachedLogitsEqualUncachedOverTheWholeContext(_ reference: ReferenceModel) throws {
        let model = try reference.model(device: Device(threadCount: 2))
        let contextLength = model.configuration.contextLength
        for length in promptLengths(contextLength) {
            check(
                model,
                parts: [length] + Array(repeating: 1, count: contextLength - length))
        }
    }

    @Test func cachedLogitsEqualUncachedOverSeveralBlocks() {
        let model = Self.largeModel()
        for length in promptLengths(140) {
            check(model, parts: [length] + Array(repeating: 1, count: 140 - length))
        }
    }

    @Test func severalTokensMayFollowThePrompt() {
        check(Self.largeModel(), parts: [3, 2, 130, 5])
        check(Self.largeModel(), parts: [1, 139])
    }

    @Test func sequencesOfABatchDoNotMix() {
        check(Self.largeModel(), parts: [7, 1, 1, 100, 31], batchSize: 3)
    }

    @Test func truncatedCacheForgets() {
        let model = Self.largeModel()
        let cache = KeyValueCache(model.configuration, device: model.device)
        func logits(_ ids: [Int32]) -> [Float] {
            model.nextTokenLogits(
                model.device.tensor(ids, shape: [1, ids.count]), cache: cache
            ).array
        }
        let first = logits([1, 2, 3])
        _ = logits([4, 5])
        cache.truncate(to: 2)
        #expect(logits([3]) != logits([4]))
        cache.truncate(to: 2)
        #expect(relativeError(logits([3]), first) < Self.tolerance)
    }

    @Test func decodingHasTheSameBitsOnAnyNumberOfThreads() {
        let results = [1, 2, 3, 5].map { threadCount in
            let model = Self.largeModel(threadCount: threadCount)
            let cache = KeyValueCache(model.configuration, device: model.device)
            return [130, 1, 1].flatMap { count in
                let ids = Self.ids(count, below: 301, from: cache.length)
                let input = model.device.tensor(ids, shape: [1, count])
                return model.nextTokenLogits(input, cache: cache).array.map(\.bitPattern)
            }
        }
        #expect(Set(results).count == 1)
    }
}
