import Generation
import JSON
import Tokenizers
import Web

/// `/v1/completions`: texts after prompts.
struct Completions {
    private let queue: TextQueue
    private let model: ServedModel
    private let fields: GenerationFields
    private let jobs: [TextJob]
    private let echoes: Bool
    private let scoredCount: Int?

    private static let mostPrompts = 512
    private static let mostScored = 100

    init(
        _ request: RequestFields, model: ServedModel, queue: TextQueue, key: String
    ) throws(APIFailure) {
        (self.model, self.queue) = (model, queue)
        var fields = try GenerationFields(
            request, vocabularySize: model.tokenizer.vocabularySize)
        if request["max_tokens"] == nil && request["max_completion_tokens"] == nil {
            fields.maximumTokens = 16
        }
        self.fields = fields
        echoes = try request.boolean("echo") ?? false
        scoredCount = try request.integer("logprobs", 0...Self.mostScored)
        if let best = try request.integer("best_of", 1...128), best != fields.count {
            throw request.wrong("best_of", expected: "the value of n, \(fields.count)")
        }
        if try !(request.string("suffix") ?? "").isEmpty {
            throw request.wrong("suffix", expected: "none: models here write behind a prompt")
        }
        let grammar = try TextFormat.grammar(request, model)
        var jobs: [TextJob] = []
        for prompt in try Self.prompts(request, model) {
            let most = try fields.room(
                behind: prompt.count, contextLength: model.contextLength)
            for sample in 0..<fields.count {
                var job = TextJob(
                    model: model, prompt: prompt, maximumTokens: most, sampling: fields.sampling)
                (job.sample, job.stops, job.stopIDs) = (sample, fields.stops, fields.stopIDs)
                (job.ignoresEnd, job.key, job.scoredCount) = (fields.ignoresEnd, key, scoredCount)
                if let grammar { job.constraint = { grammar.constraint() } }
                job.scoresPrompt = echoes && scoredCount != nil
                jobs.append(job)
            }
        }
        self.jobs = jobs
    }

    /// The prompts: a text, texts, ids, or lists of ids. Where texts start with a token for the model, a
    /// text gets it; ids are taken as they are.
    static func prompts(
        _ request: RequestFields, _ model: ServedModel, field name: String = "prompt"
    ) throws(APIFailure) -> [[Int32]] {
        guard let value = request[name] else { return [try start(of: "", model)] }
        if let text = value.string { return [try start(of: text, model)] }
        guard let values = value.array, !values.isEmpty, values.count <= Int(Int32.max) else {
            throw request.wrong(name, expected: "a text, token ids, or a list of these")
        }
        if values[0].integer != nil { return [try ids(values, request, model, name)] }
        guard values.count <= mostPrompts else {
            throw request.wrong(name, expected: "at most \(mostPrompts) prompts")
        }
        var prompts: [[Int32]] = []
        for element in values {
            if let text = element.string {
                prompts.append(try start(of: text, model))
            } else if let list = element.array {
                prompts.append(try ids(list, request, model, name))
            } else {
                throw request.wrong(name, expected: "texts or lists of token ids", element)
            }
        }
        return prompts
    }

    private static func start(
        of text: String, _ model: ServedModel
    ) throws(APIFailure) -> [Int32] {
        do {
            return try model.tokenizer.start(of: model.tokenizer.encode(text))
        } catch { throw APIFailure(error) }
    }

    private static func ids(
        _ values: [JSONValue], _ request: RequestFields, _ model: ServedModel, _ name: String
    ) throws(APIFailure) -> [Int32] {
        let size = model.tokenizer.vocabularySize
        var ids: [Int32] = []
        for value in values {
            guard let id = value.integer, (0..<size).contains(id) else {
                throw request.wrong(name, expected: "token ids below \(size)", value)
            }
            ids.append(Int32(id))
        }
        guard !ids.isEmpty else {
            throw request.wrong(name, expected: "at least one token", .array([]))
        }
        return ids
    }

    func reply() throws(APIFailure) -> WebReply {
        let events = try queue.events(of: jobs)
        let frame = ReplyFrame("cmpl", model: model.name)
        if fields.isStream { return .events { try await stream(events, frame, to: $0) } }
        return .later { await whole(events, frame) }
    }

    private func whole(
        _ events: AsyncStream<TextQueue.Event>, _ frame: ReplyFrame
    ) async -> WebReply {
        var results = jobs.map { _ in TextResult() }
        for await (index, event) in events { results[index].take(event) }
        if let failure = results.compactMap(\.failure).first {
            return APIFailure(failure.line, status: 500).reply
        }
        let usage = TokenUsage(jobs, results, answerCount: fields.count)
        let choices = results.enumerated().map { index, result in
            choice(
                index, text: (echoes ? text(of: jobs[index].prompt) : "") + result.text,
                scores: scoredCount.map { _ in scores(index, result) },
                ending: result.end?.ending)
        }
        return WebReply(frame.json("text_completion", choices: choices, usage: usage.json))
    }

    /// All tokens of a text with their scores.
    private func scores(_ index: Int, _ result: TextResult) -> JSONValue {
        var list = ScoredTokens(model: model)
        if echoes { list.add(jobs[index].prompt, result.promptScores) }
        list.add(result.ids, result.scores)
        if let end = result.end, let id = end.id { list.add([id], [end.score]) }
        return list.completionJSON
    }

    private func text(of ids: [Int32]) -> String { (try? model.tokenizer.decode(ids)) ?? "" }

    private func choice(
        _ index: Int, text: String, scores: JSONValue?, ending: GenerationEvent.Ending?
    ) -> JSONValue {
        [
            "text": .string(text), "index": .integer(index), "logprobs": scores ?? .null,
            "finish_reason": ending.map { .string($0.rawValue) } ?? .null,
        ]
    }

    private func stream(
        _ events: AsyncStream<TextQueue.Event>, _ frame: ReplyFrame, to stream: WebStream
    ) async throws {
        var results = jobs.map { _ in TextResult() }
        var lists = jobs.map { _ in ScoredTokens(model: model) }
        func send(_ choices: [JSONValue], usage: JSONValue? = nil) async throws {
            try await stream.send(
                frame.json("text_completion", choices: choices, usage: usage).rendered(.compact))
        }
        for await (index, event) in events {
            var text = results[index].take(event)
            if let failure = results[index].failure {
                try await stream.send(
                    APIFailure(failure.line, status: 500).json.rendered(.compact))
                break
            }
            if case .prompt = event, echoes {
                text = self.text(of: jobs[index].prompt)
                lists[index].add(jobs[index].prompt, results[index].promptScores)
            }
            if case .token(let id, let score, _) = event { lists[index].add([id], [score]) }
            if case .end(let end) = event, let id = end.id { lists[index].add([id], [end.score]) }
            let ending = results[index].end?.ending
            guard !text.isEmpty || ending != nil else { continue }
            let scores = scoredCount.map { _ in lists[index].taken() }
            try await send([choice(index, text: text, scores: scores, ending: ending)])
        }
        if fields.tellsUsage {
            let usage = TokenUsage(jobs, results, answerCount: fields.count)
            try await send([], usage: usage.json)
        }
        try await stream.send(Array("[DONE]".utf8))
    }
}
