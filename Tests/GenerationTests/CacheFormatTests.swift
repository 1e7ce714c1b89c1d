import Generation
import Models
import ReferenceModels
import Tensors
import Testing

/// Keys and values that are kept in fewer bits: the same text whoever else is asking, close to the exact
/// one, in less memory.
@Suite struct CacheFormatTests {
    private static let rounded: [KeyValueFormat] = [.bfloat16, .integers]

    @Test(arguments: ReferenceModel.all, rounded)
    func textsHaveTheSameBitsAloneAndTogether(
        _ reference: ReferenceModel, _ format: KeyValueFormat
    ) throws {
        DecodingEngineTests().check(
            try reference.model(device: Device(threadCount: 2).byRow), format)
    }

    @Test(arguments: rounded)
    func longTextsHaveTheSameBitsAloneAndTogether(_ format: KeyValueFormat) {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 2).byRow)
        DecodingEngineTests().check(model, format)
    }

    /// What flows between products of GPT-2 is bfloat16 already, and is kept as it is.
    @Test(.enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"))
    func bfloat16KeepsWhatIsComputedInBFloat16() {
        let model = CachedLogitsTests.largeModel(device: Device(threadCount: 2).byRow)
        model.parameters.keepBFloat16()
        let numbers = Array(0..<6)
        let outcomes = [KeyValueFormat.floats, .bfloat16, .integers].map {
            DecodingEngineTests().outcomes(of: numbers, together: 3, model, rowsAtOnce: 9, $0)
        }
        #expect(outcomes[0] == outcomes[1])
        #expect(outcomes[0] != outcomes[2])
    }

    /// The farthest that logits may be from the exact ones, against the largest of them. A key or value is off
    /// by at most 1/512 of itself in bfloat16, and in 8 bits by 1/252 of the largest of the 32 that share a
    /// scale; scores add up a head of such errors, which are mostly of both signs, and a layer passes them on to
    /// the next.
    private static func tolerance(_ format: KeyValueFormat) -> Float {
        format == .bfloat16 ? 0.02 : 0.04
    }

    @Test(arguments: ReferenceModel.all, rounded)
    func logitsAreCloseToTheExactOnes(
        _ reference: ReferenceModel, _ format: KeyValueFormat
    ) throws {
        let model = try reference.model(device: Device(threadCount: 2).byRow)
        let (exact, near) = (decoded(model, .floats), decoded(model, format))
        let errors = zip(near, exact).map { relativeError($0, $1) }
        #expect((errors.max() ?? 1) < Self.tolerance(format))
        #expect((errors.max() ?? 0) > 0)
    }

    /// The logits after a prompt, and after each token of the rest of the context.
    private func decoded(_ model: LanguageModel, _ format: KeyValueFormat) -> [[Float]] {
        let context = model.configuration.contextLength
        let ids = CachedLogitsTests.ids(context, below: model.configuration.vocabularySize)
        let cache = KeyValueCache(
            model.configuration, sequenceLength: context, format: format, device: model.device)
        let prompt = context / 2
        return ([0..<prompt] + (prompt..<context).map { $0..<$0 + 1 }).map { part in
            let hidden = model.advance([SlotRows(cache, ids: Array(ids[part]))])
            return model.logits(of: [part.count - 1], in: hidden).array
        }
    }

    /// Of heads of 64: a half, and 8 bits and a 32nd of 16 for each number.
    @Test(arguments: [(KeyValueFormat.bfloat16, 0.5), (.integers, 8.5 / 32)])
    func theMemoryIsSmaller(_ format: KeyValueFormat, share: Double) {
        let model = DecoderConfiguration.slidingModel
        func bytes(_ format: KeyValueFormat) -> Int {
            KeyValueCache.byteCount(model, contextLength: model.contextLength, format: format)
        }
        #expect(Double(bytes(format)) == share * Double(bytes(.floats)))

        // The blocks of memory are up to an eighth larger than what is asked for.
        for format in [KeyValueFormat.floats, format] {
            let device = Device(threadCount: 1)
            let cache = KeyValueCache(model, format: format, device: device)
            let allocated = device.memory.allocatedBytes
            #expect(allocated >= bytes(format) && 8 * allocated <= 9 * bytes(format))
            #expect(cache.length == 0)
        }
    }
}

extension DecoderConfiguration {
    /// Layers with windows and without, of two heads of 64 that share keys and values.
    fileprivate static var slidingModel: DecoderConfiguration {
        var model = DecoderConfiguration.llama(
            vocabularySize: 65, contextLength: 2048, embeddingSize: 256, layerCount: 4,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 64)
        model.sliding = SlidingAttention(
            layers: LayerPattern([true, true, true, false]), window: 256)
        return model
    }
}
