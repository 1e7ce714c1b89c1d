import Collectives
import Datasets
import Diagnostics
import Evaluation
import FineTuning
import JSON
import ModelFiles
import Tokenizers
import Training

/// `reward score`: the scores that a reward model gives some conversations.
package struct RewardPhase {
    package let communicator: any Communicator
    package let compute: ComputeResources

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// Scores, one for each conversation, and what there is to say about the file.
    package struct Scored {
        package let lines: [JSONValue]
        package let notes: [String]
    }

    /// Scores a file of conversations; the result is the same on every rank. Collective.
    ///
    /// - Throws: `Failure` for a model that is no reward model, for records that cannot be read, and for
    ///   scores that are not finite.
    package func run(
        model directory: String, base: String? = nil, input: String, _ encoding: TextEncoding
    ) throws -> Scored {
        let device = compute.makeDevice()
        let (loaded, texts) = try communicator.agree {
            let loaded = try LoadedModel(
                directory, base: base, device: device, copyCount: communicator.neighbourCount)
            try Self.requireReward(loaded, at: directory)
            return (
                loaded,
                try Self.read(input, encoding, for: loaded, in: directory, base: base)
            )
        }
        try (RankInputs(files: [input]) + RankInputs(loaded.model, at: directory))
            .requireEqual(over: communicator)
        let scores = try ClassScores(of: texts.examples, by: loaded.model, over: communicator)
        try communicator.agree {
            guard let index = scores.firstNonFinite else { return }
            throw Failure(
                "the score of a text is not finite", expected: "a number",
                got: "\(scores.rows[index])", at: texts.places[index],
                remedy: "the model has diverged: take an earlier checkpoint")
        }
        let lines: [JSONValue] = zip(texts.places, scores.rows).map { place, row in
            ["place": .string(place), "reward": .float(row[0])]
        }
        return Scored(lines: lines, notes: texts.notes)
    }

    private static func requireReward(
        _ loaded: LoadedModel, at directory: String
    ) throws {
        guard loaded.labels?.count != 1 else { return }
        throw Failure(
            "this is no reward model", expected: "a head of one value",
            got: loaded.labels.map { "a classifier of \($0.joined(separator: ", "))" }
                ?? "a language model", at: directory,
            remedy: FailureText("fine-tune it with \(key: "finetune.task")=reward first"),
            kind: .usage)
    }

    private static func read(
        _ input: String, _ encoding: TextEncoding, for loaded: LoadedModel, in directory: String,
        base: String?
    ) throws -> (examples: [TokenExample], places: [String], notes: [String]) {
        let template = try ChatTemplate.template(
            nil, model: directory, base: base, tokenizer: loaded.tokenizer)
        let encoder = PreferenceEncoder(
            tokenizer: loaded.tokenizer, template: template,
            sequenceLength: loaded.model.configuration.contextLength)
        var file = ConversationFile(
            path: input, inputBegin: template.inputBegin, mentions: template.mentions)
        file.encoding = encoding
        var log = RecordLog()
        let conversations = try file.conversations(&log)
        return (
            try conversations.map(encoder.scoredText), conversations.map(\.place), log.notes
        )
    }
}
