import ArgumentParser
import Collectives
import Diagnostics
import Evaluation
import Foundation
import JSON
import ModelFiles
import Runs
import Tensors

/// The flags of `evaluate --pairwise`, and what it does.
struct PairwiseFlags: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Two models, A and B: how often A answers better than B.", valueName: "model"))
    var pairwise: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file of prompts, JSON lines or JSON: a text under prompt, or messages.",
            valueName: "file"))
    var prompts: String?

    @Option(
        help: ArgumentHelp(
            "What judges: a reward model, or a language model that is asked.", valueName: "dir"))
    var judge: String?

    @Option(
        help: ArgumentHelp(
            #"A command that judges: of each line {"prompt", "a", "b"} a line {"preference": "a"}."#,
            valueName: "command"))
    var judgeCommand: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seconds that the command may take; by default 600.", valueName: "s"))
    var judgeSeconds: Double?

    @Option(
        help: ArgumentHelp(
            "Ratings of people, as the chat page keeps them; A and B are names in them.",
            valueName: "file"))
    var ratings: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tokens of an answer at most; by default 256.", valueName: "n"))
    var maximumTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of answers; 0 takes the likeliest tokens; by default 0.7.", valueName: "t"))
    var temperature: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Decides what is drawn; by default 1.", valueName: "n"))
    var seed: Int?

    @Option(
        help: ArgumentHelp(
            "The chat template of both models; by default each one's own.", valueName: "name"))
    var template: String?

    // MARK: What it does

    /// - Parameters:
    ///   - limit: prompts that are taken.
    ///   - answers: the file that the comparisons are written to.
    ///   - isSilent: whether the JSON alone is printed.
    /// - Returns: the exit code.
    func run(
        base: String?, limit: Int?, answers: String?, isSilent: Bool,
        over communicator: any Communicator
    ) throws -> Int32 {
        let report = try self.report(base: base, limit: limit, over: communicator)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            for warning in report.warnings {
                Console.write("warning: \(warning)\n", to: .standardError)
            }
            if !isSilent { Console.line(report.text) }
            if let answers { try report.writeComparisons(to: answers) }
            Console.line(report.json.text())
        }
        try communicator.agree { try FiniteFigures.require(report.json, at: pairwise[0]) }
        return 0
    }

    private func report(
        base: String?, limit: Int?, over communicator: any Communicator
    ) throws -> PairwiseReport {
        if let ratings {
            return try communicator.agree {
                try PairwiseReport(
                    ratings: ComparisonFile(path: ratings).comparisons(), of: pairwise[0],
                    against: pairwise[1])
            }
        }
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let isSpeaking = communicator.rank == 0
        let contest = try communicator.agree {
            let paths = try pairwise.map { try ModelPath($0).announced(isSpeaking: isSpeaking) }
            var contest = PairwiseContest(
                candidate: paths[0], against: paths[1], prompts: prompts ?? "",
                judge: try chosenJudge(isSpeaking: isSpeaking))
            (contest.base, contest.limit, contest.template) = (base, limit, template)
            contest.maximumTokens = maximumTokens ?? contest.maximumTokens
            contest.temperature = temperature ?? contest.temperature
            contest.seed = seed ?? contest.seed
            return contest
        }
        return try PairwisePhase(communicator: communicator, compute: compute).run(contest)
    }

    private func chosenJudge(isSpeaking: Bool) throws -> PairwiseContest.Judge {
        if let judgeCommand {
            return .command(
                judgeCommand, seconds: judgeSeconds ?? PairwiseOptions().timeoutSeconds)
        }
        return .model(try ModelPath(judge ?? "").announced(isSpeaking: isSpeaking))
    }

    // MARK: Checks

    /// - Throws: a usage `Failure` for flags that do not fit each other.
    func validateFlags() throws {
        let flags: [(String, Bool)] = [
            ("--prompts", prompts != nil), ("--judge", judge != nil),
            ("--judge-command", judgeCommand != nil), ("--judge-seconds", judgeSeconds != nil),
            ("--ratings", ratings != nil), ("--maximum-tokens", maximumTokens != nil),
            ("--temperature", temperature != nil), ("--seed", seed != nil),
            ("--template", template != nil),
        ]
        guard !pairwise.isEmpty else {
            guard let stray = flags.first(where: \.1)?.0 else { return }
            throw Failure(
                stray, expected: "to stand with --pairwise", got: "no --pairwise", kind: .usage)
        }
        guard pairwise.count == 2 else {
            throw Failure(
                "--pairwise", expected: "two models", got: "\(pairwise.count)", kind: .usage)
        }
        let judges = flags.filter {
            ["--judge", "--judge-command", "--ratings"].contains($0.0) && $0.1
        }
        guard judges.count == 1 else {
            throw Failure(
                "--pairwise needs a judge",
                expected: "one of --judge, --judge-command and --ratings",
                got: judges.isEmpty ? "none" : judges.map(\.0).joined(separator: " and "),
                kind: .usage)
        }
        try validateAnswers(flags)
    }

    private func validateAnswers(_ flags: [(String, Bool)]) throws {
        if ratings != nil {
            guard let stray = flags.first(where: { $0.1 && $0.0 != "--ratings" })?.0 else { return }
            throw Failure(
                stray, expected: "to stand without --ratings, whose answers are there",
                got: "--ratings", kind: .usage)
        }
        guard prompts != nil else {
            throw Failure(
                "--pairwise needs prompts", expected: "--prompts FILE", got: "none", kind: .usage)
        }
        guard judgeSeconds == nil || judgeCommand != nil else {
            throw Failure(
                "--judge-seconds", expected: "to stand with --judge-command", got: "--judge",
                kind: .usage)
        }
        let limits: [(String, Bool, String)] = [
            ("--maximum-tokens", maximumTokens ?? 1 >= 1, "an integer of at least 1"),
            ("--temperature", temperature ?? 0 >= 0, "a number of at least 0"),
            ("--judge-seconds", judgeSeconds ?? 1 > 0, "a number above 0"),
            ("--seed", seed ?? 0 >= 0, "an integer of at least 0"),
        ]
        guard let wrong = limits.first(where: { !$0.1 }) else { return }
        throw Failure(
            wrong.0, expected: wrong.2, got: "less", remedy: "see --help", kind: .usage)
    }
}
