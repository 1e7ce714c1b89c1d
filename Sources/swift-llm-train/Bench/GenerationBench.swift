import CKernels
import Collectives
import Diagnostics
import Generation
import Models
import Tensors

/// A prompt and the tokens after it, on random weights, with the key-value cache, one sequence.
struct GenerationBench {
    let recipe: Recipe
    let communicator: any Communicator
    let effort: DoctorEffort
    let promptLength: Int
    let newTokens: Int

    static let usualPromptLength = 128
    static let usualNewTokens = 64
    private static let repeatCount = 3

    /// - Throws: A usage `Failure` for sizes that do not fit, and on more than one rank.
    func run() throws -> GenerationBenchReport {
        let configuration = try communicator.agree {
            let configuration = try recipe.model.configuration(tokenizerVocabularySize: 1)
            try validate(configuration)
            return configuration
        }
        let compute = try ComputeResources.agree(
            threadsPerRank: recipe.train.threadsPerRank, over: communicator)
        let device = compute.makeDevice()
        let model = configuration.makeModel(device: device)
        model.initialize(seed: UInt64(recipe.seed))
        if recipe.multipliesBFloat16 { model.parameters.keepBFloat16() }
        let bytesPerToken = model.packForDecoding()
        let samples = try (0...Self.repeatCount).map { _ in try sample(model) }.dropFirst()
        let cost = ModelCost(configuration, parameterCount: model.parameters.parameterCount)
        return GenerationBenchReport(
            recipe: recipe, threadCount: compute.threadCount, cost: cost,
            bytesPerToken: bytesPerToken, promptLength: promptLength, newTokens: newTokens,
            promptSeconds: samples.map(\.prompt).sorted()[Self.repeatCount / 2],
            decodeSeconds: samples.map(\.decode).sorted()[Self.repeatCount / 2],
            readGBPerSecond: readRate(on: device))
    }

    private func validate(_ configuration: ModelConfiguration) throws {
        guard communicator.worldSize == 1 else {
            throw Failure(
                "--generate measures one process", expected: "1 rank",
                got: "\(communicator.worldSize) ranks", remedy: "leave out mpirun", kind: .usage)
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

    /// The likeliest token each time, as `generate --temperature 0` takes it.
    private func sample(_ model: any LanguageModel) throws -> (prompt: Double, decode: Double) {
        let context = DecodingContext(model)
        var options = SamplingOptions(seed: UInt64(recipe.seed))
        options.temperature = 0
        var sampler = TokenSampler(options)
        var ids = RandomShard.tokens(
            promptLength, vocabularySize: model.configuration.vocabularySize,
            seed: UInt64(recipe.seed))
        let clock = ContinuousClock()
        let prompt = try clock.measure {
            ids.append(try sampler.draw(context.logits(after: ids).array))
        }
        let decode = try clock.measure {
            for _ in 0..<newTokens {
                ids.append(try sampler.draw(context.logits(after: ids).array))
            }
        }
        return (prompt / .seconds(1), decode / .seconds(1))
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
