import Collectives
import Datasets
import Diagnostics
import Evaluation
import FineTuning
import ModelFiles
import Tensors
import Tokenizers
import Training

/// `evaluate --pairwise`: the answers of two models to the same prompts, and which are better.
package struct PairwisePhase {
    package let communicator: any Communicator
    package let compute: ComputeResources

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// The report is the same on every rank, and for every number of them. Collective.
    ///
    /// One model is in memory at a time.
    ///
    /// - Throws: `Failure` for what is no language model, for prompts that cannot be used, and for a judge
    ///   that judges nothing.
    package func run(_ contest: PairwiseContest) throws -> PairwiseReport {
        try communicator.agree { try RankInputs(files: [contest.prompts]) }
            .requireEqual(over: communicator)
        let (candidates, prompts, vocabulary) = try answers(of: contest)
        let (others, divergence) = try self.others(contest, candidates, vocabulary)
        let names = Self.names(contest)
        let pairs = prompts.indices.map { number in
            let prompt = prompts[number].prompt
            return Comparison(
                prompt: .array(prompt.messages.map(\.json)),
                first: .init(model: names.candidate, text: candidates[number].text),
                second: .init(model: names.against, text: others[number].text), outcome: nil,
                place: prompt.place)
        }
        let verdict = try PairwiseJudge(
            judge: contest.judge, prompts: prompts.map(\.prompt), communicator: communicator
        ).verdict(on: pairs, device: compute.makeDevice)
        return try communicator.agree {
            try PairwiseReport(
                pairs, verdict,
                tokenCounts: (candidates.map(\.ids.count), others.map(\.ids.count)),
                divergence: divergence)
        }
    }

    /// Decoding's arithmetic, row by row, so that equal models diverge by nothing.
    private var device: Device { compute.makeDevice().byRow }

    private typealias Candidates = (
        answers: [Contestant.Answer], prompts: [EncodedPrompt], vocabulary: [UInt8]
    )

    private func answers(of contest: PairwiseContest) throws -> Candidates {
        let contestant = try Contestant(
            contest.candidate, rival: contest.against, of: contest, on: device,
            over: communicator)
        let answers = try contestant.answers(
            isGreedy: contest.temperature == 0, over: communicator)
        return (answers, contestant.prompts, contestant.sampling.tokenizer.tokenizerJSON)
    }

    /// The answers of the other model, and how far the candidate has gone from it: nil where their tokens
    /// differ, and of answers that were not drawn.
    private func others(
        _ contest: PairwiseContest, _ candidates: [Contestant.Answer], _ vocabulary: [UInt8]
    ) throws -> ([Contestant.Answer], PairwiseReport.Divergence?) {
        let contestant = try Contestant(
            contest.against, rival: contest.candidate, of: contest, on: device,
            over: communicator)
        let isGreedy = contest.temperature == 0
        let answers = try contestant.answers(isGreedy: isGreedy, over: communicator)
        let isComparable =
            contestant.sampling.tokenizer.tokenizerJSON == vocabulary
            && zip(contestant.prompts, candidates).allSatisfy { $0.ids == $1.promptIDs }
        guard !isGreedy, isComparable else { return (answers, nil) }
        let theirs = try contestant.logLikelihoods(of: candidates, over: communicator)
        return (
            answers,
            PairwiseReport.Divergence(
                ratios: zip(candidates, theirs).map { $0.logLikelihood - $1 },
                tokenCount: candidates.reduce(0) { $0 + $1.ids.count })
        )
    }

    /// As `serve` names them; two that would be alike keep their paths.
    private static func names(
        _ contest: PairwiseContest
    ) -> (candidate: String, against: String) {
        let names = [contest.candidate, contest.against].map(Self.name)
        return names[0] == names[1]
            ? (contest.candidate, contest.against) : (names[0], names[1])
    }

    private static func name(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        guard let last = parts.last else { return path }
        let isCheckpoint = ["latest", "best"].contains(last) || last.hasPrefix("step-")
        return isCheckpoint && parts.count >= 3 ? parts[parts.count - 3] : last
    }
}
