import JSON
import Serving
import Testing

@Suite struct ChatCompletionsTests {
    let tiny: TinyService

    init() throws { tiny = try TinyService() }

    private static let messages = #""messages": [{"role": "user", "content": "Hi"}]"#

    @Test func anAnswerHasTheMembersOfTheProtocol() async throws {
        let (status, json) = try await tiny.reply(
            "/v1/chat/completions",
            #"{\#(Self.messages), "max_tokens": 5, "seed": 1, "logprobs": true, "top_logprobs": 2}"#
        )
        #expect(status == 200 && json["object"] == "chat.completion")
        let choice = try #require(json["choices"]?.array?.first)
        #expect(choice["message"]?["role"] == "assistant")
        #expect(choice["message"]?["refusal"]?.isNull == true)
        let tokens = try #require(choice["logprobs"]?["content"]?.array)
        #expect(
            tokens.compactMap { $0["token"]?.string }.joined()
                == choice["message"]?["content"]?.string)
        #expect(tokens.allSatisfy { $0["top_logprobs"]?.array?.count == 2 })
        #expect(json["usage"]?["total_tokens"]?.integer ?? 0 > 5)
    }

    @Test func partsOfAStreamMakeTheAnswer() async throws {
        let fields = #"\#(Self.messages), "max_completion_tokens": 12, "seed": 4"#
        let whole = try await tiny.reply("/v1/chat/completions", "{\(fields)}").json
        let events = try await tiny.events("/v1/chat/completions", #"{\#(fields), "stream": true}"#)
        let deltas = events.dropLast().compactMap { $0["choices"]?.array?.first?["delta"] }
        #expect(deltas.first?["role"] == "assistant")
        #expect(
            deltas.compactMap { $0["content"]?.string }.joined()
                == whole["choices"]?.array?.first?["message"]?["content"]?.string)
        #expect(events.dropLast().last?["choices"]?.array?.first?["finish_reason"] == "length")
        #expect(events.last == "[DONE]")
    }

    @Test func contentMayComeInParts() async throws {
        let whole = try await tiny.reply(
            "/apply-template", #"{"messages": [{"role": "user", "content": "ab"}]}"#)
        let parts = try await tiny.reply(
            "/apply-template",
            #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}"#
        )
        #expect(whole.json == parts.json && whole.json["prompt"]?.string?.contains("ab") == true)
    }
}
