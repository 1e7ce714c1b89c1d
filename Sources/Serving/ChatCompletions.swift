import Generation
import JSON
import Web

/// `/v1/chat/completions`: answers to the last message of a conversation.
struct ChatCompletions {
    private let chat: ChatRequest

    private static let mostScored = 20

    init(
        _ request: RequestFields, model: ServedModel, queue: TextQueue, key: String
    ) throws(APIFailure) {
        let tells = try request.boolean("logprobs") ?? false
        let count = try request.integer("top_logprobs", 0...Self.mostScored)
        if count != nil && !tells {
            throw request.wrong("top_logprobs", expected: "logprobs: true beside it")
        }
        chat = try ChatRequest(
            request, ChatMessages(request), scoredCount: tells ? count ?? 0 : nil,
            grammar: TextFormat.grammar(request, model), model: model, queue: queue, key: key)
    }

    func reply() throws(APIFailure) -> WebReply {
        let events = try chat.queue.events(of: chat.jobs)
        let frame = ReplyFrame("chatcmpl", model: chat.model.name)
        if chat.fields.isStream { return .events { try await stream(events, frame, to: $0) } }
        return .later { await whole(events, frame) }
    }

    private func whole(
        _ events: AsyncStream<TextQueue.Event>, _ frame: ReplyFrame
    ) async -> WebReply {
        var results = chat.jobs.map { _ in TextResult() }
        for await (index, event) in events { results[index].take(event) }
        if let failure = results.compactMap(\.failure).first {
            return APIFailure(failure.line, status: 500).reply
        }
        let usage = TokenUsage(chat.jobs, results, answerCount: chat.fields.count)
        let choices = results.enumerated().map(choice)
        return WebReply(frame.json("chat.completion", choices: choices, usage: usage.json))
    }

    private func choice(_ index: Int, _ result: TextResult) -> JSONValue {
        var scores = ScoredTokens(model: chat.model)
        scores.add(result.ids, result.scores)
        let (content, calls) = chat.answer(result)
        var message: [JSONValue.Member] = [
            .init(key: Array("role".utf8), value: "assistant"),
            .init(
                key: Array("content".utf8),
                value: content.isEmpty && !calls.isEmpty ? .null : .string(content)),
            .init(key: Array("refusal".utf8), value: .null),
        ]
        if !calls.isEmpty {
            message.append(
                .init(key: Array("tool_calls".utf8), value: .array(calls.map(\.json))))
        }
        let ending = result.end?.ending ?? .stop
        return [
            "index": .integer(index), "message": .members(message),
            "logprobs": chat.scoredCount == nil ? .null : scores.takenForChat(),
            "finish_reason": .string(calls.isEmpty ? ending.rawValue : "tool_calls"),
        ]
    }

    private func chunk(
        _ index: Int, _ delta: JSONValue, scores: JSONValue? = nil, ending: String? = nil
    ) -> JSONValue {
        [
            "index": .integer(index), "delta": delta, "logprobs": scores ?? .null,
            "finish_reason": ending.map { .string($0) } ?? .null,
        ]
    }

    private func stream(
        _ events: AsyncStream<TextQueue.Event>, _ frame: ReplyFrame, to stream: WebStream
    ) async throws {
        var results = chat.jobs.map { _ in TextResult() }
        var lists = chat.jobs.map { _ in ScoredTokens(model: chat.model) }
        func send(_ choices: [JSONValue], usage: JSONValue? = nil) async throws {
            let json = frame.json(
                "chat.completion.chunk", choices: choices,
                usage: usage ?? (chat.fields.tellsUsage ? .null : nil))
            try await stream.send(json.rendered(.compact))
        }
        for index in chat.jobs.indices {
            try await send([chunk(index, ["role": "assistant", "content": ""])])
        }
        for await (index, event) in events {
            let text = results[index].take(event)
            if let failure = results[index].failure {
                try await stream.send(
                    APIFailure(failure.line, status: 500).json.rendered(.compact))
                break
            }
            if case .token(let id, let score, _) = event { lists[index].add([id], [score]) }
            // What may be a call is told when it is whole.
            if !text.isEmpty && !chat.tools.isOn {
                let scores = chat.scoredCount.map { _ in lists[index].takenForChat() }
                try await send([chunk(index, ["content": .string(text)], scores: scores)])
            }
            guard results[index].end != nil else { continue }
            for choice in lastChunks(index, results[index]) { try await send([choice]) }
        }
        if chat.fields.tellsUsage {
            let usage = TokenUsage(chat.jobs, results, answerCount: chat.fields.count)
            try await send([], usage: usage.json)
        }
        try await stream.send(Array("[DONE]".utf8))
    }

    private func lastChunks(_ index: Int, _ result: TextResult) -> [JSONValue] {
        let ending = (result.end?.ending ?? .stop).rawValue
        guard chat.tools.isOn else { return [chunk(index, .members([]), ending: ending)] }
        let (content, calls) = chat.answer(result)
        var chunks: [JSONValue] = []
        if !content.isEmpty { chunks.append(chunk(index, ["content": .string(content)])) }
        for (number, call) in calls.enumerated() {
            let members =
                [JSONValue.Member(key: Array("index".utf8), value: .integer(number))]
                + (call.json.members ?? [])
            chunks.append(chunk(index, ["tool_calls": .array([.members(members)])]))
        }
        return chunks + [
            chunk(index, .members([]), ending: calls.isEmpty ? ending : "tool_calls")
        ]
    }
}
