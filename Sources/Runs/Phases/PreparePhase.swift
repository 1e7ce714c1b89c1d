import Collectives
import Datasets
import Diagnostics
import Foundation
import Tokenizers

/// `prepare`: text to token shards; all ranks share the work, and the shards do not depend on how many
/// they are.
///
/// The first rank plans; each byte of a text is then read by one rank, which encodes it. What a rank
/// holds does not grow with the text.
package struct PreparePhase {
    package let communicator: any Communicator

    package init(communicator: any Communicator) {
        self.communicator = communicator
    }

    /// Plans the preparation after a look at the files; the first rank prints warnings. Collective.
    package func plan(_ options: PrepareOptions) throws -> PreparationPlan {
        let inputs = try TextInputs(options.input, over: communicator)
        warn(inputs.warnings)
        let numbers = try communicator.fromFirstRank {
            try PreparationPlan(
                texts: inputs.texts, validationFraction: options.validationFraction,
                shardSize: options.shardSize
            ).numbers
        }
        return PreparationPlan(texts: inputs.texts, numbers: numbers)
    }

    /// - Parameters:
    ///   - plan: that of the options.
    ///   - malformed: what to do with bytes that are not UTF-8.
    ///   - isReplacing: whether shards that are there already are removed, instead of refused.
    /// - Returns: one line for people.
    package func run(
        _ plan: PreparationPlan, _ options: PrepareOptions, tokenizer: any Tokenizer,
        malformed: MalformedText, isReplacing: Bool = false
    ) throws -> String {
        guard let directory = options.output else {
            preconditionFailure("the output of prepare has not been settled")
        }
        let output = try communicator.agree {
            communicator.rank == 0
                ? try PreparationOutput(
                    directory: directory, tokenizer: tokenizer, isReplacing: isReplacing) : nil
        }
        let jobs = try jobs(of: plan, options)
        let team = try PreparationTeam(jobCount: jobs.count, over: communicator)
        // The collectives inside are those of the team, whose members all come out with its failure.
        let own = try communicator.agree {
            let bar = communicator.rank == 0 ? WorkBar("preparing") : nil
            return try team.make(
                jobs, tokenizer: tokenizer, malformed: malformed, directory: directory
            ) { bar?.show($0, of: $1) }
        }
        let summaries = try communicator.allGather(ofAnySize: Array(JSONEncoder().encode(own)))
            .flatMap { try JSONDecoder().decode([ShardSummary].self, from: Data($0)) }
        try communicator.agree { try output?.finish(summaries, tokenizer: tokenizer) }
        warn(Self.shareWarnings(summaries, validationFraction: options.validationFraction))
        return Self.text(summaries, directory: directory)
    }

    /// The jobs, with what is known of the corpora that their texts come from. Collective.
    private func jobs(
        of plan: PreparationPlan, _ options: PrepareOptions
    ) throws -> [PreparationJob] {
        let text = try communicator.fromFirstRank {
            Array((try CorpusProvenance.text(of: options.input) ?? "").utf8)
        }
        guard !text.isEmpty else { return plan.jobs }
        return plan.jobs.map { job in
            var job = job
            job.provenance = String(decoding: text, as: UTF8.self)
            return job
        }
    }

    /// A part of far fewer tokens than was asked for.
    static func shareWarnings(
        _ summaries: [ShardSummary], validationFraction: Double
    ) -> [String] {
        guard validationFraction > 0 else { return [] }
        let total = summaries.reduce(0) { $0 + $1.tokenCount }
        let shares = [
            (DatasetSplit.train, 1 - validationFraction), (.validation, validationFraction),
        ]
        return shares.compactMap { split, share in
            let own = summaries.filter { $0.split == split }.reduce(0) { $0 + $1.tokenCount }
            let asked = share * Double(total)
            guard Double(own) < asked / 10 else { return nil }
            return "the \(split.rawValue) part has \(own) of \(total) tokens, less than a tenth of "
                + "what a validation fraction of \(validationFraction) asks for"
        }
    }

    private func warn(_ warnings: [String]) {
        guard communicator.rank == 0 else { return }
        for warning in warnings { Console.write("warning: \(warning)\n", to: .standardError) }
    }

    private static func text(_ summaries: [ShardSummary], directory: String) -> String {
        let parts = DatasetSplit.allCases.map { split in
            let shards = summaries.filter { $0.split == split }
            let tokens = shards.reduce(0) { $0 + $1.tokenCount }
            return "\(tokens) \(split.rawValue) tokens in \(shards.count) "
                + (shards.count == 1 ? "shard" : "shards")
        }
        let replaced = summaries.reduce(0) { $0 + $1.replacedCount }
        return "prepared \(directory): " + parts.joined(separator: ", ")
            + (replaced > 0 ? "; \(replaced) places were not UTF-8 and read as U+FFFD" : "")
    }
}
