import ArgumentParser
import Benchmarks
import Collectives
import Diagnostics
import JSON

/// `bench`: the speed of training, of generation, or of the sum over ranks.
struct BenchCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures a training step and tells where its time goes.",
        discussion: """
            Trains on random tokens, by the code that pretrain runs: some steps to warm up, then \
            the median of the measured ones. A step takes --micro-batch-size sequences over all \
            ranks: 4 on two ranks are 2 each. Keys of a recipe's train and optimizer blocks \
            may follow. \
            --generate and --all-reduce measure those instead; --scaling predicts the step too, \
            and those of clusters.

            Examples:
              swift-llm-train bench --sequence-length 1024 --micro-batch-size 2
              swift-llm-train bench --generate --model MODEL.gguf --prompt-length 512
              mpirun -n 2 swift-llm-train bench --all-reduce
            """)

    @OptionGroup(title: "The model") var model: BenchModelFlags
    @OptionGroup(title: "A training step") var training: BenchTrainingFlags

    @Flag(name: .customLong("generate"), help: "Measure prompt and decode tokens/s instead.")
    var isGenerating = false

    @OptionGroup(title: "Of --generate") var generation: BenchGenerationFlags

    @Flag(
        name: .customLong("all-reduce"),
        help: "Measure GB/s of the sum over ranks instead, beside MPI_Allreduce.")
    var isReducing = false

    @Flag(
        name: .customLong("scaling"),
        help: "Predict the step from measured speeds, and steps on clusters up to 512 nodes.")
    var isScaling = false

    @Option(help: ArgumentHelp("Of --all-reduce: megabytes in all (500).", valueName: "n"))
    var megabytes: Int?

    @Flag(name: .customLong("json"), help: "Print one JSON object, with a fixed set of keys.")
    var isJSON = false

    @Flag(name: .customLong("quick"), help: ArgumentHelp("Rough peaks.", visibility: .private))
    var isQuick = false

    @Argument(help: ArgumentHelp("Keys of a recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    func run(on communicator: any Communicator) throws -> Int32 {
        let report = try measure(on: communicator)
        if communicator.rank == 0 {
            Console.line(isJSON ? report.json.text(isPretty: true) : report.text)
        }
        try communicator.agree {
            if communicator.rank == 0 { try FiniteFigures.require(report.json, at: "bench") }
        }
        return 0
    }

    private var effort: DoctorEffort { isQuick ? .quick : .full }

    private func measure(on communicator: any Communicator) throws -> any BenchReport {
        try communicator.agree { try refuseWhatDoesNotApply() }
        if isReducing {
            return try AllReduceBench(
                communicator: communicator, megabytes: megabytes ?? AllReduceBench.usualMegabytes
            ).run()
        }
        let recipe = try communicator.agree {
            try BenchRecipe.make(
                model: model, training: training, overrides: overrides,
                worldSize: communicator.worldSize)
        }
        if isGenerating {
            return try GenerationBench(
                recipe: recipe, model: try communicator.agree { try generation.measured() },
                communicator: communicator, effort: effort,
                promptLength: generation.promptLength ?? GenerationBench.usualPromptLength,
                newTokens: generation.tokens ?? GenerationBench.usualNewTokens,
                streamCount: generation.streams ?? 1
            ).run()
        }
        let bench = TrainingBench(
            recipe: recipe, stepCount: training.stepCount, communicator: communicator,
            effort: effort)
        return isScaling ? try ScalingBench(bench).run() : try bench.run()
    }

    /// An option of another measurement would be passed over without a word.
    private func refuseWhatDoesNotApply() throws {
        let modes = [
            ("--generate", isGenerating), ("--all-reduce", isReducing), ("--scaling", isScaling),
        ].filter(\.1).map(\.0)
        guard modes.count < 2 else {
            throw Failure(
                "\(modes.joined(separator: " and "))", expected: "one measurement",
                got: modes.count == 2 ? "two" : "three",
                remedy: "run bench once for each", kind: .usage)
        }
        let namesModel = isGenerating && generation.model != nil
        let mode =
            namesModel
            ? "--model"
            : isGenerating ? "--generate" : isReducing ? "--all-reduce" : "a training step"
        var foreign = isGenerating || isReducing ? training.given : []
        if isReducing { foreign += model.given + overrides }
        if namesModel {
            foreign += model.given.filter { !["--precision", "--threads-per-rank"].contains($0) }
        }
        if !isGenerating {
            foreign += generation.given
        }
        if !isReducing { foreign += [megabytes.map { _ in "--megabytes" }].compactMap { $0 } }
        guard let name = foreign.first else { return }
        throw Failure(
            "\(name) does not apply to \(mode)", remedy: "leave it out; see --help", kind: .usage)
    }
}
