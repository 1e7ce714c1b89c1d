import Collectives
import Datasets
import Diagnostics
import FineTuning
import Generation
import JSON
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// `generate --prompts`: answers to the prompts of a file, of which each rank gives its share.
///
/// An answer depends on the weights, its prompt, its number and the seed alone.
package struct AnswerPhase {
    package let communicator: any Communicator
    package let compute: ComputeResources

    /// Answers that are decoded at once on a rank.
    private static let slotCount = 16

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// Records of prompts and answers, and what there is to say about them.
    package struct Answers {
        package let lines: [JSONValue]
        package let notes: [String]
    }

    /// Answers a file of prompts; the result is the same on every rank. Collective.
    ///
    /// - Throws: `Failure` for what is no model that writes text, for records without a prompt, for prompts
    ///   that outgrow the context, and where the model gives no probabilities.
    package func run(
        _ options: GenerateOptions, model directory: String, base: String? = nil,
        prompts path: String
    ) throws -> Answers {
        let (model, prompts, engine) = try communicator.agree {
            let (model, tokenizer) = try load(directory, base, options)
            let prompts = try AskedPrompts(
                path, options, model: directory, base: base, tokenizer: tokenizer,
                contextLength: model.configuration.contextLength)
            return (model, prompts, try makeEngine(model, tokenizer, prompts, options))
        }
        try (RankInputs(files: [path]) + RankInputs(model, at: directory))
            .requireEqual(over: communicator)
        let shares = AnswerShares(
            promptLengths: prompts.ids.map(\.count), groupSize: options.samples,
            worldSize: communicator.worldSize)
        let own = try communicator.agree {
            try answers(shares.ranks[communicator.rank], by: model, prompts, engine, options)
        }
        let all = try gathered(own, count: prompts.ids.count * options.samples)
        return Answers(
            lines: zip(all, all.indices).map { answer, number in
                prompts.record(number / options.samples, answeredBy: answer.text)
            },
            notes: prompts.notes
                + notes(all, contextLength: model.configuration.contextLength, prompts, options))
    }

    private func load(
        _ directory: String, _ base: String?, _ options: GenerateOptions
    ) throws -> (LanguageModel, any Tokenizer) {
        let (model, tokenizer) = try LoadedModel.load(
            directory, base: base, device: compute.makeDevice(),
            copyCount: communicator.neighbourCount,
            weights: HeldWeights(options.quantize, in: options.precision))
        model.parameters.quantizedArithmetic = options.compute
        if options.precision == .bf16 && ComputeKernels.hasBFloat16 {
            model.parameters.keepBFloat16()
        }
        return (model, tokenizer)
    }

    /// Of a context that does not depend on which prompts fall to the rank.
    private func makeEngine(
        _ model: LanguageModel, _ tokenizer: any Tokenizer, _ prompts: AskedPrompts,
        _ options: GenerateOptions
    ) throws -> DecodingEngine {
        let (length, overflow) = prompts.longest.addingReportingOverflow(options.maximumTokens)
        let context = model.configuration.contextLength
        return DecodingEngine(
            tokenizer: tokenizer, slotCount: Self.slotCount,
            contextLength: overflow ? context : min(length, context),
            draftSource: try .load(options.draft, besides: tokenizer, device: model.device),
            cacheFormat: options.cache)
    }

    // MARK: Answers

    private struct Answer {
        let number: Int
        var text = ""
        var isComplete = false
    }

    private func answers(
        _ numbers: [Int], by model: LanguageModel, _ prompts: AskedPrompts,
        _ engine: DecodingEngine, _ options: GenerateOptions
    ) throws -> [Answer] {
        var answers = numbers.map { Answer(number: $0) }
        var failure: Failure?
        for (index, number) in numbers.enumerated() {
            var request = GenerationRequest(
                model: model, prompt: prompts.ids[number / options.samples],
                maximumTokens: options.maximumTokens,
                sampler: TokenSampler(options.sampling, sample: number))
            request.stops = prompts.stops
            // What forgot its beginning would be no answer to the whole prompt.
            request.slides = false
            engine.add(request) { event in
                switch event {
                case .prompt: break
                case .token(_, _, let text): answers[index].text += text
                case .end(let end):
                    answers[index].text += end.text
                    answers[index].isComplete = end.ending == .stop
                case .failure(let found): failure = failure ?? found
                }
                return true
            }
        }
        while !engine.isIdle { engine.step() }
        if let failure { throw failure }
        return answers
    }

    /// The answers of all ranks on each, by their numbers. Collective.
    private func gathered(_ own: [Answer], count: Int) throws -> [Answer] {
        let lines = own.map { answer -> JSONValue in
            [
                "number": .integer(answer.number), "text": .string(answer.text),
                "isComplete": .boolean(answer.isComplete),
            ]
        }
        return try communicator.gathered(lines, count: count).enumerated().map { number, line in
            guard let text = line["text"]?.string, let isComplete = line["isComplete"]?.boolean
            else { preconditionFailure("there is a line for each answer") }
            return Answer(number: number, text: text, isComplete: isComplete)
        }
    }

    private func notes(
        _ answers: [Answer], contextLength: Int, _ prompts: AskedPrompts, _ options: GenerateOptions
    ) -> [String] {
        let mayFill = prompts.longest > contextLength - options.maximumTokens
        let limit = "--maximum-tokens" + (mayFill ? ", or the context of \(contextLength)," : "")
        let cutCount = answers.count { !$0.isComplete }
        let emptyCount = answers.count { $0.text.isEmpty }
        let all = Quantity.count(answers.count, "answer")
        return [
            cutCount == 0
                ? nil : "\(cutCount) of \(all) have no end: \(limit) cuts them",
            emptyCount == 0
                ? nil : "\(emptyCount) of \(all) are empty: a fine-tuning refuses those",
        ].compactMap { $0 }
    }
}

/// The prompts of a file, as a model reads them.
private struct AskedPrompts {
    private let prompts: [Prompt]
    let ids: [[Int32]]
    /// Texts that end an answer.
    let stops: [String]
    let notes: [String]
    var longest: Int { ids.map(\.count).max() ?? 0 }

    init(
        _ path: String, _ options: GenerateOptions, model directory: String, base: String?,
        tokenizer: any Tokenizer, contextLength: Int
    ) throws {
        let template =
            options.chat || options.template != nil
            ? try ChatTemplate.template(
                options.template, model: directory, base: base, tokenizer: tokenizer) : nil
        var log = RecordLog()
        let file = PromptFile(
            path: path, inputBegin: template?.inputBegin ?? ChatPieces().inputBegin,
            mentions: { template?.mentions($0) ?? false })
        prompts = try file.prompts(&log)
        notes = log.notes
        stops = options.stop + (template?.stops ?? [])
        ids = try prompts.map { prompt in
            do {
                let ids = try tokenizer.start(of: Self.ids(of: prompt, template, tokenizer))
                guard ids.count <= contextLength else {
                    throw Failure(
                        "the prompt is longer than the context of the model",
                        expected: "at most \(Quantity.count(contextLength, "token"))",
                        got: "\(ids.count)", remedy: "cut it, or leave it out")
                }
                return ids
            } catch var failure as Failure {
                failure.place = failure.place.map { "\($0), \(prompt.place)" } ?? prompt.place
                throw failure
            }
        }
    }

    private static func ids(
        of prompt: Prompt, _ template: ChatTemplate?, _ tokenizer: any Tokenizer
    ) throws -> [Int32] {
        if let template {
            let text = try template.text(
                of: prompt.messages.map(\.json), tools: prompt.tools, isPrompt: true,
                date: .ofExamples)
            return try tokenizer.encode([ChatPart(text, isAnswer: false)]).ids
        }
        guard let text = prompt.plainText else {
            throw Failure(
                "a prompt of messages wants a chat template", expected: "a text as prompt",
                got: "\(Quantity.count(prompt.messages.count, "message"))",
                remedy: "add --chat", kind: .usage)
        }
        return try tokenizer.encode(text)
    }

    /// A prompt with its answer, as a record of examples.
    func record(_ number: Int, answeredBy text: String) -> JSONValue {
        let prompt = prompts[number]
        if let question = prompt.plainText, prompt.tools == .null {
            return .members([
                .init(key: Array("prompt".utf8), value: .string(question)),
                .init(key: Array("completion".utf8), value: .string(text)),
            ])
        }
        let answer: JSONValue = ["role": "assistant", "content": .string(text)]
        let messages = JSONValue.Member(
            key: Array("messages".utf8), value: .array(prompt.messages.map(\.json) + [answer]))
        let tools = JSONValue.Member(key: Array("tools".utf8), value: prompt.tools)
        return .members([messages] + (prompt.tools == .null ? [] : [tools]))
    }
}

extension Prompt {
    /// What is asked, where it is one message of the user's; nil else.
    fileprivate var plainText: String? {
        guard messages.count == 1, messages[0].role == ChatRole.user.rawValue else { return nil }
        return messages[0].json["content"]?.string
    }
}
