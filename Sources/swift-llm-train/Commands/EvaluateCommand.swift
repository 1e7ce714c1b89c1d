import ArgumentParser
import Collectives
import Diagnostics
import Evaluation
import JSON
import ModelFiles
import Runs

/// `evaluate`: the loss of a model on token shards, or its answers to multiple-choice questions.
struct EvaluateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a model on token shards, or on multiple-choice questions.",
        discussion: """
            With --data: loss, perplexity and bits per byte. All windows count once, in file order.

            With --tasks: the share of questions of which the likeliest choice is the right one \
            (acc), and the likeliest per byte (acc_norm), each with its standard error. Files \
            hold JSON lines with the fields query, choices, gold (ARC) or ctx, endings, label \
            (HellaSwag), or a subject of MMLU as CSV. What the model reads before a choice and \
            the space in front of it:
              ARC         the query, a line with "Answer:"
              HellaSwag   the activity, a colon, the context
              MMLU        the question, the lines "A. ..." to "D. ...", a line with "Answer:"; \
            the choices are the letters
            With --shots N, N questions with their answers stand before, each followed by a \
            blank line: MMLU's first ones of the folder dev, else the first others of the file. \
            MMLU begins with "The following are multiple choice questions (with answers) about \
            SUBJECT." and a blank line. A text longer than the context loses its beginning.

            All figures are the same on any number of ranks.

            Examples:
              mpirun -n 4 swift-llm-train evaluate --model MODEL \\
                --data 'shards/validation-*.h5' --sequence-length 512
              swift-llm-train evaluate --model MODEL --tasks arc_easy.jsonl mmlu --shots 5
            """)

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String

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
            "Files of questions, or folders of them (of MMLU its val).", valueName: "path"))
    var tasks: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Answered questions to show before each; by default none.", valueName: "n"))
    var shots: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Score the first n questions of each file alone.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Write the log-likelihoods and the answer of each question, as JSON lines.",
            valueName: "file"))
    var answers: String?

    @OptionGroup var baseFlag: BaseFlag
    @OptionGroup var weights: QuantizeFlags

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { try validateFlags() }
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let model = try communicator.agree { try ModelPath(self.model) }
            .announced(isSpeaking: communicator.rank == 0)
        if let data {
            var phase = EvaluatePhase(communicator: communicator, compute: compute)
            phase.weights = HeldWeights(weights.quantize)
            let scores = try phase.run(
                model: model, base: baseFlag.base, data: data, sequenceLength: sequenceLength)
            if communicator.rank == 0 { Console.line(scores.json.text()) }
            try communicator.agree { try FiniteFigures.require(scores.json, at: model) }
            return 0
        }
        var phase = MultipleChoicePhase(communicator: communicator, compute: compute)
        phase.weights = HeldWeights(weights.quantize)
        let report = try phase.run(
            model: model, base: baseFlag.base, tasks: tasks, shots: shots ?? 0, limit: limit)
        try communicator.agree { if communicator.rank == 0 { try tell(report) } }
        try communicator.agree { try FiniteFigures.require(report.json, at: model) }
        return 0
    }

    private func tell(_ report: MultipleChoiceReport) throws {
        if let warning = report.warning {
            Console.write("warning: \(warning)\n", to: .standardError)
        }
        Console.line(report.text)
        Console.line(report.json.text())
        if let answers { try report.writeAnswers(to: answers) }
    }

    private func validateFlags() throws {
        try require(
            "--sequence-length", sequenceLength, atLeast: 1,
            remedy: "leave it out for the model's context length")
        try require("--shots", shots, atLeast: 0)
        try require("--limit", limit, atLeast: 1)
        guard (data == nil) != tasks.isEmpty else {
            throw Failure(
                "what to evaluate on", expected: "either --data or --tasks",
                got: data == nil ? "neither" : "both", remedy: "see --help", kind: .usage)
        }
        let strays =
            data == nil
            ? [("--sequence-length", sequenceLength != nil)]
            : [("--shots", shots != nil), ("--limit", limit != nil), ("--answers", answers != nil)]
        if let stray = strays.first(where: \.1) {
            throw Failure(
                stray.0, expected: data == nil ? "to stand with --data" : "to stand with --tasks",
                got: data == nil ? "--tasks" : "--data", kind: .usage)
        }
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
