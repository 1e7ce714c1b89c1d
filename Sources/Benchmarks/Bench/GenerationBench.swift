import CKernels
import Collectives
import Diagnostics
import Generation
import Models
import Runs
import Tensors
import Training

/// A prompt and the tokens after it, by the engine, in one text or in several at once.
package struct GenerationBench {
    package let recipe: Recipe
    package let model: MeasuredModel
    package let communicator: any Communicator
    package let effort: DoctorEffort
    package let promptLength: Int
    package let newTokens: Int
    package let streamCount: Int

    package init(
        recipe: Recipe, model: MeasuredModel = MeasuredModel(), communicator: any Communicator,
        effort: DoctorEffort, promptLength: Int, newTokens: Int, streamCount: Int = 1
    ) {
        (self.recipe, self.model) = (recipe, model)
        self.communicator = communicator
        self.effort = effort
        self.promptLength = promptLength
        self.newTokens = newTokens
        self.streamCount = streamCount
    }

    package static let usualPromptLength = 128
    package static let usualNewTokens = 64
    private static let repeatCount = 3

    /// - Throws: A usage `Failure` for sizes that do not fit, and on more than one rank.
    package func run() throws -> GenerationBenchReport {
        let configuration = try communicator.agree {
            let configuration = try model.configuration(recipe)
            try validate(configuration)
            return configuration
        }
        let compute = try ComputeResources.agree(
            threadsPerRank: recipe.train.threadsPerRank,
            mayOversubscribe: recipe.train.oversubscribe, over: communicator)
        let device = compute.makeDevice()
        let clock = ContinuousClock()
        let start = clock.now
        let (loaded, tokenizer) = try model.load(recipe, configuration, on: device)
        let loadSeconds = (clock.now - start) / .seconds(1)
        let bytesPerToken = loaded.packForDecoding()
        let run = GeneratedTokens(
            model: loaded, tokenizer: tokenizer, seed: UInt64(recipe.seed),
            promptLength: promptLength, newTokens: newTokens, streamCount: streamCount,
            cacheFormat: self.model.cache)
        let samples = try (0...Self.repeatCount).map { _ in try run.measure() }.dropFirst()
        let peakBytes = LapClock.peakMemoryBytes
        let cost = ModelCost(configuration, parameterCount: loaded.parameters.parameterCount)
        return GenerationBenchReport(
            recipe: recipe, model: loaded, threadCount: compute.threadCount,
            kernels: compute.kernels, cost: cost, bytesPerToken: bytesPerToken,
            streamCount: streamCount, cacheFormat: self.model.cache,
            cacheSize: streamCount
                * KeyValueCache.byteCount(
                    configuration, contextLength: promptLength + newTokens,
                    format: self.model.cache),
            promptLength: promptLength, newTokens: newTokens, loadSeconds: loadSeconds,
            promptSeconds: Self.median(samples.map(\.prompt)),
            decodeSeconds: Self.median(samples.map(\.greedy)),
            sampleSeconds: Self.median(samples.map(\.sampled)), peakMemoryBytes: peakBytes,
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
        let limit = configuration.contextLength
        for (flag, value, most) in [
            ("--prompt-length", promptLength, limit), ("--tokens", newTokens, limit),
            ("--streams", streamCount, 4096),
        ] {
            guard (1...most).contains(value) else {
                throw Failure(
                    flag, expected: "1 to \(most)", got: "\(value)", remedy: "see --help",
                    kind: .usage)
            }
        }
        guard promptLength + newTokens <= limit else {
            throw Failure(
                "--prompt-length and --tokens are more than the model sees",
                expected: "at most \(limit) together", got: "\(promptLength + newTokens)",
                remedy: "lower one of them", kind: .usage)
        }
    }

    /// GB/s of reading two arrays well beyond the caches on all threads.
    private func readRate(on device: Device) -> Double {
        let columns = 1 << 14
        let rows = max(1, effort.copyBytes / MemoryLayout<Float>.stride / columns)
        let (a, b) = (device.zeros([rows, columns]), device.zeros([rows, columns]))
        let dots = device.zeros([rows])
        return FloatingPointRate.best(seconds: effort.seconds) {
            device.forEach(rows) { row in
                let start = row * columns
                kernel_row_dots(
                    dots.pointer + row, a.pointer + start, b.pointer + start, 1, columns, columns)
            }
            return 2 * Double(rows * columns * MemoryLayout<Float>.stride)
        } / 1e9
    }
}
