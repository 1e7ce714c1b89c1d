import ArgumentParser
import Collectives
import Diagnostics
import Evaluation
import JSON
import ModelFiles
import Runs
import Tensors

/// `evaluate`: the loss of a model on token shards, or its answers to the questions of tasks.
struct EvaluateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a model on token shards, by tasks, or against another model.",
        discussion: """
            With --data: loss, perplexity and bits per byte. All windows count once, in file order.

            With --tasks: how well it answers the questions of tasks, as lm-evaluation-harness \
            asks and measures them. A task is a YAML file in the keys of the harness, a NAME=FILE \
            with questions as they are published (NAME=FILE,EXAMPLES with answered ones in \
            another file), or a file or folder whose fields show its task:
              ARC         query, choices, gold
              HellaSwag   ctx, endings, label
              MMLU        a subject as CSV; its examples are those of the folder dev
            The names: arc_easy, arc_challenge, hellaswag, mmlu, piqa, winogrande, openbookqa, \
            boolq, copa, rte, sst2, cola, qnli, mrpc, lambada, gsm8k, squad, cnn_dailymail. A text \
            longer than the context loses its beginning.

            With --memorization and --data: the share of pieces of the shards whose second part the \
            model writes after reading their first, with examples (memorized_share). The pieces \
            lie inside documents, at most --limit of them, spread evenly.

            With --pairwise A B: how often A answers better than B, on the prompts of --prompts, by \
            the --judge: a reward model, a language model that is asked in both orders, a command, or \
            the ratings of people.

            All figures are the same on any number of ranks.

            Examples:
              mpirun -n 4 swift-llm-train evaluate --model MODEL \\
                --data 'shards/validation-*.h5' --sequence-length 512
              swift-llm-train evaluate --model MODEL \\
                --tasks arc_easy.jsonl sst2=dev.tsv mine.yaml
              swift-llm-train evaluate --pairwise runs/dpo models/base \\
                --prompts prompts.jsonl --judge runs/reward
            """)

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "A shard directory (its validation-*.h5), a shard, or a glob.", valueName: "shards"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Tokens in a window; by default the model's context length.", valueName: "t"))
    var sequenceLength: Int?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Tasks: YAML files, NAME=FILE, files of questions, or folders.", valueName: "task"))
    var tasks: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Answered questions to show before each; by default as the task has it.",
            valueName: "n"))
    var shots: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Ask the first n questions of each task alone.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Write the answer to each question, as JSON lines.",
            valueName: "file"))
    var answers: String?

    @Flag(help: "Measure how much of the shards the model writes on by heart.")
    var memorization = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tokens that it reads; by default 50.", valueName: "n"))
    var prefixTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tokens that it must write; by default 50.", valueName: "n"))
    var continuationTokens: Int?

    @Option(
        help: ArgumentHelp(
            "How keys and values are kept: f32 alone, since figures are those of the exact model.",
            valueName: "format"))
    var cache = KeyValueFormat.floats

    @Flag(help: "Print JSON alone.")
    var json = false

    @OptionGroup var pairwiseFlags: PairwiseFlags
    @OptionGroup var baseFlag: BaseFlag
    @OptionGroup var weights: QuantizeFlags

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { try validateFlags() }
        guard pairwiseFlags.pairwise.isEmpty else {
            return try pairwiseFlags.run(
                base: baseFlag.base, limit: limit, answers: answers, isSilent: json,
                over: communicator)
        }
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let model = try communicator.agree { try ModelPath(self.model ?? "") }
            .announced(isSpeaking: communicator.rank == 0)
        if let data, memorization {
            var phase = MemorizationPhase(communicator: communicator, compute: compute)
            phase.weights = HeldWeights(weights.quantize)
            let report = try phase.run(model: model, base: baseFlag.base, data: data, probe)
            if communicator.rank == 0 { tell(report) }
            return 0
        }
        if let data {
            var phase = EvaluatePhase(communicator: communicator, compute: compute)
            phase.weights = HeldWeights(weights.quantize)
            let scores = try phase.run(
                model: model, base: baseFlag.base, data: data, sequenceLength: sequenceLength)
            if communicator.rank == 0 { Console.line(scores.json.text()) }
            try communicator.agree { try FiniteFigures.require(scores.json, at: model) }
            return 0
        }
        var phase = TaskPhase(communicator: communicator, compute: compute)
        phase.weights = HeldWeights(weights.quantize)
        let report = try phase.run(
            model: model, base: baseFlag.base, tasks: tasks, shots: shots, limit: limit)
        try communicator.agree { if communicator.rank == 0 { try tell(report) } }
        try communicator.agree { try FiniteFigures.require(report.json, at: model) }
        return 0
    }

    private func tell(_ report: TaskReport) throws {
        if let warning = report.warning {
            Console.write("warning: \(warning)\n", to: .standardError)
        }
        if !json { Console.line(report.text) }
        Console.line(report.json.text())
        if let answers { try report.writeAnswers(to: answers) }
    }

    /// Pieces of shards that are probed where no other limit is given.
    private static let pieceLimit = 1000

    private var probe: MemorizationProbe {
        MemorizationProbe(
            prefixCount: prefixTokens ?? 50, continuationCount: continuationTokens ?? 50,
            limit: limit ?? Self.pieceLimit)
    }

    private func tell(_ report: MemorizationReport) {
        if !json { Console.line(report.text) }
        Console.line(report.json.text())
    }

    private func validateFlags() throws {
        guard cache == .floats else {
            throw Failure(
                "--cache rounds keys and values, and figures are those of the exact model",
                expected: KeyValueFormat.floats.rawValue, got: cache.rawValue,
                remedy: "leave it out; generate, chat and serve have it", kind: .usage)
        }
        try require(
            "--sequence-length", sequenceLength, atLeast: 1,
            remedy: "leave it out for the model's context length")
        try require("--shots", shots, atLeast: 0)
        try require("--limit", limit, atLeast: 1)
        try require("--prefix-tokens", prefixTokens, atLeast: 1)
        try require("--continuation-tokens", continuationTokens, atLeast: 1)
        try pairwiseFlags.validateFlags()
        guard pairwiseFlags.pairwise.isEmpty else { return try refuseStraysOfPairs() }
        guard model != nil else {
            throw Failure(
                "evaluate needs a model", expected: "--model DIR, or --pairwise A B",
                got: "neither",
                remedy: "see --help", kind: .usage)
        }
        guard (data == nil) != tasks.isEmpty else {
            throw Failure(
                "what to evaluate on", expected: "either --data or --tasks",
                got: data == nil ? "neither" : "both", remedy: "see --help", kind: .usage)
        }
        try refuseStrays(
            data == nil ? "--tasks" : "--data",
            [
                ("--sequence-length", sequenceLength != nil, data != nil && !memorization),
                ("--memorization", memorization, data != nil),
                ("--shots", shots != nil, data == nil),
                ("--answers", answers != nil, data == nil),
                ("--limit", limit != nil, data == nil || memorization),
            ])
        try refuseStrays(
            "no --memorization",
            [
                ("--prefix-tokens", prefixTokens != nil, memorization),
                ("--continuation-tokens", continuationTokens != nil, memorization),
            ])
    }

    private func refuseStraysOfPairs() throws {
        let strays = [
            ("--model", model != nil), ("--data", data != nil), ("--tasks", !tasks.isEmpty),
            ("--sequence-length", sequenceLength != nil), ("--shots", shots != nil),
            ("--memorization", memorization), ("--prefix-tokens", prefixTokens != nil),
            ("--continuation-tokens", continuationTokens != nil),
            ("--quantize", weights.quantize != nil),
        ]
        guard let stray = strays.first(where: \.1)?.0 else { return }
        throw Failure(
            stray, expected: "to stand without --pairwise", got: "--pairwise", kind: .usage)
    }

    /// - Parameter flags: each with whether it is given and whether it belongs there.
    private func refuseStrays(_ given: String, _ flags: [(String, Bool, Bool)]) throws {
        guard let stray = flags.first(where: { $0.1 && !$0.2 }) else { return }
        let place =
            switch stray.0 {
            case "--sequence-length", "--memorization": "--data"
            case "--prefix-tokens", "--continuation-tokens": "--memorization"
            default: "--tasks"
            }
        throw Failure(stray.0, expected: "to stand with \(place)", got: given, kind: .usage)
    }

    private func require(
        _ flag: String, _ value: Int?, atLeast bound: Int, remedy: String = "see --help"
    ) throws {
        guard let value, value < bound else { return }
        throw Failure(
            flag, expected: "an integer of at least \(bound)", got: "\(value)",
            remedy: remedy, kind: .usage)
    }
}
