import CKernels
import Collectives
import Diagnostics
import Generation
import Models
import Runs
import Tensors

/// A prompt and the tokens after it, on random weights, with the key-value cache, one sequence.
package struct GenerationBench {
    package let recipe: Recipe
    package let communicator: any Communicator
    package let effort: DoctorEffort
    package let promptLength: Int
    package let newTokens: Int

    package init(
        recipe: Recipe, communicator: any Communicator, effort: DoctorEffort, promptLength: Int,
        newTokens: Int
    ) {
        self.recipe = recipe
        self.communicator = communicator
        self.effort = effort
        self.promptLength = promptLength
        self.newTokens = newTokens
    }

    package static let usualPromptLength = 128
    package static let usualNewTokens = 64
    private static let repeatCount = 3

    /// - Throws: A usage `Failure` for sizes that do not fit, and on more than one rank.
    package func run() throws -> GenerationBenchReport {
        let configuration = try communicator.agree {
            let configuration = try recipe.model.configuration(tokenizerVocabularySize: 1)
            try validate(configuration)
            return configuration
        }
        let compute = try ComputeResources.agree(
            threadsPerRank: recipe.train.threadsPerRank,
            mayOversubscribe: recipe.train.oversubscribe, over: communicator)
        let device = compute.makeDevice()
        let model = LanguageModel(configuration, device: device)
        model.initialize(seed: UInt64(recipe.seed))
        if recipe.training.multipliesBFloat16 { model.parameters.keepBFloat16() }
        let bytesPerToken = model.packForDecoding()
        let samples = try (0...Self.repeatCount).map { _ in try sample(model) }.dropFirst()
        let cost = ModelCost(configuration, parameterCount: model.parameters.parameterCount)
        return GenerationBenchReport(
            recipe: recipe, threadCount: compute.threadCount, kernels: compute.kernels,
            cost: cost,
            bytesPerToken: bytesPerToken, promptLength: promptLength, newTokens: newTokens,
            promptSeconds: Self.median(samples.map(\.prompt)),
            decodeSeconds: Self.median(samples.map(\.greedy)),
            sampleSeconds: Self.median(samples.map(\.sampled)),
            readGBPerSecond: readRate(on: device))
    }

    private static func median(_ seconds: [Double]) -> Double {
        seconds.sorted()[seconds.count / 2]
    }

    private func validate(_ configuration: DecoderConfiguration) throws {
        guard communicator.worldSize == 1 else {
            throw Failure(
                "--generate measures one process", expected: "1 rank",
                got: "\(Quantity.count(communicator.worldSize, "rank"))",
                remedy: "leave out mpirun", kind: .usage)
        }
        for (flag, value) in [("--prompt-length", promptLength), ("--new-tokens", newTokens)] {
            guard (1...configuration.contextLength).contains(value) else {
                throw Failure(
                    flag, expected: "1 to \(configuration.contextLength)", got: "\(value)",
                    remedy: "see --help", kind: .usage)
            }
        }
        guard promptLength + newTokens <= configuration.contextLength else {
            throw Failure(
                "--prompt-length and --new-tokens are more than the model sees",
                expected: "at most \(configuration.contextLength) together",
                got: "\(promptLength + newTokens)", remedy: "lower one of them", kind: .usage)
        }
    }

    private struct Seconds {
        var prompt = 0.0
        /// Seconds when each token is the likeliest one, as `generate --temperature 0` takes it.
        var greedy = 0.0
        /// Seconds when each token is drawn from all tokens, as `generate` does.
        var sampled = 0.0
    }

    private func sample(_ model: LanguageModel) throws -> Seconds {
        let context = DecodingContext(model)
        let prompt = RandomShard.tokens(
            promptLength, vocabularySize: model.configuration.vocabularySize,
            seed: UInt64(recipe.seed))
        var seconds = Seconds()
        seconds.prompt =
            ContinuousClock().measure { _ = context.logits(after: prompt) } / .seconds(1)
        seconds.greedy = try decode(context, after: prompt, temperature: 0)
        seconds.sampled = try decode(context, after: prompt, temperature: 1)
        return seconds
    }

    /// Seconds of `newTokens` after the prompt, which the context holds.
    private func decode(
        _ context: DecodingContext, after prompt: [Int32], temperature: Double
    ) throws -> Double {
        var options = SamplingOptions(seed: UInt64(recipe.seed))
        options.temperature = temperature
        var sampler = TokenSampler(options)
        let wanted = sampler.wanted(ofVocabulary: context.vocabularySize)
        var ids = prompt
        let duration = try ContinuousClock().measure {
            for _ in 0..<newTokens {
                ids.append(try sampler.draw(context.logits(after: ids, wanted: wanted).array))
            }
        }
        return duration / .seconds(1)
    }

    /// GB/s of reading two arrays well beyond the caches on all threads.
    private func readRate(on device: Device) -> Double {
        let columns = 1 << 14
        let rows = max(1, effort.copyBytes / MemoryLayout<Float>.stride / columns)
        let (a, b) = (device.zeros([rows, columns]), device.zeros([rows, columns]))
        let dots = device.zeros([rows])
        return RankSpeed.bestRate(seconds: effort.seconds) {
            device.forEach(rows) { row in
                let start = row * columns
                kernel_row_dots(
                    dots.pointer + row, a.pointer + start, b.pointer + start, 1, columns, columns)
            }
            return 2 * Double(rows * columns * MemoryLayout<Float>.stride)
        } / 1e9
    }
}
