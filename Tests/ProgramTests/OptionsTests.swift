import Diagnostics
import Models
import Options
import Testing
import Training

@Suite struct OptionsTests {
    @Test(
        arguments: [
            (100, nil, nil, 100),
            (nil, 2048, nil, 1), (nil, 2049, nil, 2), (nil, 20_480, nil, 10), (nil, 1, nil, 1),
            (nil, nil, 1, 4), (nil, nil, 0.32, 1), (nil, nil, 0.33, 2), (nil, nil, 3, 10),
        ] as [(Int?, Int?, Double?, Int)])
    func stepCountRoundsUp(steps: Int?, tokens: Int?, epochs: Double?, count: Int) throws {
        var train = TrainOptions()
        train.globalBatchSize = 32
        train.sequenceLength = 64
        (train.steps, train.tokens, train.epochs) = (steps, tokens, epochs)
        #expect(try train.stepCount(windowCount: 100) == count)
    }

    /// 0.07 x 100 is 7.000000000000001 in binary.
    @Test func roundingOfEpochsAddsNoStep() throws {
        var train = TrainOptions()
        (train.globalBatchSize, train.epochs) = (1, 0.07)
        #expect(try train.stepCount(windowCount: 100) == 7)
    }

    @Test func stepCountRefusesWhatItCannotCount() {
        var train = TrainOptions()
        #expect(throws: Failure.self) { try train.stepCount(windowCount: 100) }
        train.tokens = 5
        #expect(throws: Failure.self) { try train.stepCount(windowCount: 100) }
        (train.tokens, train.steps) = (nil, 5)
        #expect(throws: Failure.self) { try train.stepCount(windowCount: 0) }
        (train.steps, train.epochs) = (nil, 1e300)
        #expect(throws: Failure.self) { try train.stepCount(windowCount: 100) }
    }

    @Test(arguments: [
        (ModelPreset.nano, 65, 91_104), (.micro, 512, 2_817_024),
        (.gpt2Small, 50_257, 124_439_808), (.gpt2Medium, 50_257, 354_823_168),
        (.gpt2Large, 50_257, 774_030_080), (.gpt2ExtraLarge, 50_257, 1_557_611_200),
    ])
    func presetHasItsNumberOfParameters(preset: ModelPreset, vocabulary: Int, count: Int) throws {
        var options = ModelOptions()
        options.preset = preset
        let sizes = try options.configuration(tokenizerVocabularySize: vocabulary)
        let (width, layers) = (sizes.embeddingSize, sizes.layerCount)
        // A block has 12 width^2 weights, 9 width biases and 4 width gains and shifts.
        let blocks = layers * (12 * width * width + 13 * width)
        let embeddings = (sizes.vocabularySize + sizes.contextLength) * width
        #expect(blocks + embeddings + 2 * width == count)
    }

    @Test func explicitSizesOverrideThePreset() throws {
        var options = ModelOptions()
        options.preset = .nano
        options.headCount = 6
        options.contextLength = 32
        options.dropoutRate = 0.1
        options.vocabularySize = 128
        let sizes = try options.configuration(tokenizerVocabularySize: 65)
        #expect(
            sizes
                == .gpt2(
                    vocabularySize: 128, contextLength: 32, embeddingSize: 48, layerCount: 3,
                    headCount: 6, dropoutRate: 0.1))
    }

    @Test(arguments: [
        (ModelPreset.llama110M, 32_000, 109_529_856), (.tinyLlama, 32_000, 1_100_048_384),
        (.llama3Small, 128_256, 1_235_814_400), (.smolLM2Small, 49_152, 134_515_008),
        (.smolLM2Medium, 49_152, 361_821_120), (.smolLM2Large, 49_152, 1_711_376_384),
        (.mistral7B, 32_768, 7_248_023_552), (.qwen2Half, 151_936, 494_032_768),
        (.qwen3Small, 151_936, 596_049_920), (.smolLM3Large, 128_256, 3_075_098_624),
        (.olmo2Small, 100_352, 1_484_916_736), (.gemmaSmall, 256_000, 2_506_172_416),
        (.gemma2Small, 256_000, 2_614_341_888), (.gemma3Small, 262_144, 268_098_176),
        (.gemma3Large, 262_144, 999_885_952), (.phi3Mini, 32_064, 3_821_079_552),
        (.pythia70M, 50_304, 70_426_624), (.pythia160M, 50_304, 162_322_944),
        (.pythia410M, 50_304, 405_334_016), (.pythia1B, 50_304, 1_011_781_632),
        (.pythia1400M, 50_304, 1_414_647_808),
    ])
    func presetOfAFamilyHasItsPublishedNumberOfParameters(
        preset: ModelPreset, vocabulary: Int, count: Int
    ) throws {
        var options = ModelOptions()
        options.preset = preset
        let sizes = try options.configuration(tokenizerVocabularySize: vocabulary)
        #expect(sizes == preset.configuration(vocabularySize: vocabulary))
        #expect(sizes.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) } == count)
    }

    @Test func keysOfLlamaWithoutLlamaAreRefused() throws {
        var options = ModelOptions()
        options.preset = .nano
        options.mlpSize = 64
        let failure = #expect(throws: Failure.self) { try options.validate() }
        let families = Architecture.all.map(\.name).filter { $0 != "gpt2" }
            .joined(separator: " or ")
        #expect(
            failure?.line == "model.mlp_size is a key of \(families); remove it, or set "
                + "model.architecture to \(families)")
        options.architecture = .llama
        #expect(throws: Failure.self) { try options.validate() }
        options.preset = .llamaNano
        let sizes = try options.configuration(tokenizerVocabularySize: 65)
        #expect(sizes.architecture == .llama)
        #expect(sizes.mlpSize == 64)
        #expect(sizes.keyValueHeadCount == 2)
    }

    @Test func vocabularyBelowTheTokenizersIsRefused() {
        var options = ModelOptions()
        options.preset = .nano
        options.vocabularySize = 64
        let failure = #expect(throws: Failure.self) {
            try options.configuration(tokenizerVocabularySize: 65)
        }
        #expect(
            failure?.line
                == "model.vocabulary_size is smaller than the tokenizer's: expected at least 65, "
                + "got 64; leave the key out to take the tokenizer's")
        #expect(failure?.exitCode == 64)
    }

    @Test func divisorsAreComplete() {
        for number in [1, 2, 36, 48, 97, 1600] {
            let all = (1...number).filter { number.isMultiple(of: $0) }
            #expect(Divisors(of: number).ascending == all)
        }
    }

    @Test(arguments: [
        ("steps", "steps", 0), ("stepz", "steps", 1), ("kitten", "sitting", 3), ("", "ab", 2),
        ("ab", "", 2), ("flaw", "lawn", 2),
    ])
    func editDistanceCountsEdits(first: String, second: String, distance: Int) {
        #expect(NearestName.distance(first, second) == distance)
    }
}
