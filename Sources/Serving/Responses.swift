import Generation
import JSON
import Web

/// `/v1/responses`: an answer to input items, without anything kept of them.
struct Responses {
    private let chat: ChatRequest
    private let frame: ReplyFrame
    private let itemID: String

    init(
        _ request: RequestFields, model: ServedModel, queue: TextQueue, key: String
    ) throws(APIFailure) {
        if request["previous_response_id"] != nil {
            throw request.wrong("previous_response_id", expected: "none: nothing is kept here")
        }
        let converted = try ResponseInput.chat(request)
        let format = try request.object("text")?.object("format")
        chat = try ChatRequest(
            converted, ChatMessages(converted), scoredCount: nil,
            grammar: try format.flatMap { format throws(APIFailure) in
                try TextFormat.grammar(ofFormat: format, request, model)
            }, model: model, queue: queue, key: key)
        frame = ReplyFrame("resp", model: model.name)
        itemID = "msg_\(ReplyFrame.randomName)"
    }

    func reply() throws(APIFailure) -> WebReply {
        let events = try chat.queue.events(of: Array(chat.jobs.prefix(1)))
        if chat.fields.isStream { return .events { try await stream(events, to: $0) } }
        return .later { await whole(events) }
    }

    private func whole(_ events: AsyncStream<TextQueue.Event>) async -> WebReply {
        var result = TextResult()
        for await (_, event) in events { result.take(event) }
        if let failure = result.failure { return APIFailure(failure.line, status: 500).reply }
        return WebReply(json(result))
    }

    /// The response; of one that is not done, `result` is nil.
    private func json(_ result: TextResult?) -> JSONValue {
        let isCut = result?.end?.ending == .length
        var usage: JSONValue = .null
        if let result {
            let counts = TokenUsage(Array(chat.jobs.prefix(1)), [result], answerCount: 1)
            usage = [
                "input_tokens": .integer(counts.promptCount),
                "input_tokens_details": ["cached_tokens": .integer(counts.knownCount)],
                "output_tokens": .integer(counts.drawnCount),
                "output_tokens_details": ["reasoning_tokens": .integer(0)],
                "total_tokens": .integer(counts.promptCount + counts.drawnCount),
            ]
        }
        return [
            "id": .string(frame.id), "object": "response", "created_at": .integer(frame.created),
            "status": result == nil ? "in_progress" : isCut ? "incomplete" : "completed",
            "error": .null,
            "incomplete_details": isCut ? ["reason": "max_output_tokens"] : .null,
            "instructions": .null, "model": .string(frame.model),
            "output": .array(result.map(output) ?? []), "parallel_tool_calls": true,
            "previous_response_id": .null, "store": false,
            "temperature": .number(chat.fields.sampling.temperature), "tool_choice": "auto",
            "tools": [], "top_p": .number(chat.fields.sampling.topP ?? 1), "usage": usage,
            "metadata": .members([]),
        ]
    }

    private func output(_ result: TextResult) -> [JSONValue] {
        let (content, calls) = chat.answer(result)
        let message = content.isEmpty && !calls.isEmpty ? [] : [item(content, isDone: true)]
        return message + calls.map(Self.item)
    }

    private static func item(_ call: ToolCall) -> JSONValue {
        [
            "type": "function_call", "id": .string("fc_\(call.id)"), "call_id": .string(call.id),
            "name": .string(call.name), "arguments": .string(call.arguments),
            "status": "completed",
        ]
    }

    private func item(_ text: String?, isDone: Bool) -> JSONValue {
        [
            "type": "message", "id": .string(itemID), "role": "assistant",
            "status": isDone ? "completed" : "in_progress",
            "content": .array(text.map { [part($0)] } ?? []),
        ]
    }

    private func part(_ text: String) -> JSONValue {
        ["type": "output_text", "text": .string(text), "annotations": []]
    }

    private func stream(
        _ events: AsyncStream<TextQueue.Event>, to stream: WebStream
    ) async throws {
        var writer = ResponseEvents(stream)
        try await writer.send("response.created", [("response", json(nil))])
        try await writer.send("response.in_progress", [("response", json(nil))])
        let place: [(String, JSONValue)] = [
            ("item_id", .string(itemID)), ("output_index", .integer(0)),
            ("content_index", .integer(0)),
        ]
        if !chat.tools.isOn {
            try await writer.send(
                "response.output_item.added",
                [("output_index", .integer(0)), ("item", item(nil, isDone: false))])
            try await writer.send("response.content_part.added", place + [("part", part(""))])
        }
        var result = TextResult()
        for await (_, event) in events {
            let text = result.take(event)
            guard !text.isEmpty, !chat.tools.isOn else { continue }
            try await writer.send(
                "response.output_text.delta", place + [("delta", .string(text)), ("logprobs", [])])
        }
        if let failure = result.failure {
            return try await writer.send(
                "error", [("code", "server_error"), ("message", .string(failure.line))])
        }
        if chat.tools.isOn {
            try await tellItems(output(result), &writer)
        } else {
            try await writer.send(
                "response.output_text.done",
                place + [("text", .string(result.text)), ("logprobs", [])])
            try await writer.send(
                "response.content_part.done", place + [("part", part(result.text))])
            try await writer.send(
                "response.output_item.done",
                [("output_index", .integer(0)), ("item", item(result.text, isDone: true))])
        }
        let isCut = result.end?.ending == .length
        try await writer.send(
            isCut ? "response.incomplete" : "response.completed", [("response", json(result))])
    }

    /// Tells items that came whole.
    private func tellItems(_ items: [JSONValue], _ writer: inout ResponseEvents) async throws {
        for (index, item) in items.enumerated() {
            let place: [(String, JSONValue)] = [("output_index", .integer(index))]
            try await writer.send("response.output_item.added", place + [("item", item)])
            if let arguments = item["arguments"] {
                let id = item["id"] ?? .null
                try await writer.send(
                    "response.function_call_arguments.delta",
                    place + [("item_id", id), ("delta", arguments)])
                try await writer.send(
                    "response.function_call_arguments.done",
                    place + [("item_id", id), ("arguments", arguments)])
            }
            try await writer.send("response.output_item.done", place + [("item", item)])
        }
    }
}

/// The events of a response, which are numbered.
private struct ResponseEvents {
    private let stream: WebStream
    private var number = 0

    init(_ stream: WebStream) { self.stream = stream }

    mutating func send(_ type: String, _ members: [(String, JSONValue)]) async throws {
        let all =
            [("type", JSONValue.string(type)), ("sequence_number", .integer(number))] + members
        number += 1
        let json = JSONValue.members(
            all.map { JSONValue.Member(key: Array($0.0.utf8), value: $0.1) })
        try await stream.send(raw: Array("event: \(type)\n".utf8))
        try await stream.send(json.rendered(.compact))
    }
}
