import JSON
import Serving
import Testing

/// Each wrong request has one clear answer.
@Suite struct RefusalTests {
    let tiny: TinyService

    init() throws { tiny = try TinyService() }

    @Test(
        arguments: [
            (#"{"prompt": "a", "temperature": -1}"#, 400, "temperature"),
            (#"{"prompt": "a", "temperature": "hot"}"#, 400, "temperature"),
            (#"{"prompt": "a", "temperature": NaN}"#, 400, "byte"),
            (#"{"prompt": "a", "max_tokens": 1000000000}"#, 400, "96"),
            (#"{"prompt": "a", "max_tokens": 1.5}"#, 400, "max_tokens"),
            (#"{"prompt": "a", "n": 0}"#, 400, "n:"),
            (#"{"prompt": 5}"#, 400, "prompt"), (#"{"prompt": [[]]}"#, 400, "prompt"),
            (#"{"prompt": [1, 1000]}"#, 400, "below 96"),
            (#"{"prompt": "a", "stop": ""}"#, 400, "stop"),
            (#"{"prompt": "a", "logit_bias": {"x": 1}}"#, 400, "logit_bias"),
            (#"{"prompt": "a", "model": "other"}"#, 404, "tiny"),
            (#"{"prompt": "é"}"#, 400, "U+00E9"), (#"{"prompt": "a""#, 400, "JSON"),
            (#"[1]"#, 400, "object"), (#"{"prompt": "a", "stream": "yes"}"#, 400, "stream"),
        ])
    func wrongFieldsAreNamed(body: String, status: Int, word: String) async throws {
        let reply = try await tiny.reply("/v1/completions", body)
        #expect(reply.status == status)
        let message = try #require(reply.json["error"]?["message"]?.string)
        #expect(message.contains(word), "\(message)")
    }

    @Test func aPromptThatIsTooLongNamesBothNumbers() async throws {
        let text = String(repeating: "a", count: 200)
        let (status, json) = try await tiny.reply("/v1/completions", #"{"prompt": "\#(text)"}"#)
        #expect(status == 400 && json["error"]?["code"] == "context_length_exceeded")
        let message = json["error"]?["message"]?.string ?? ""
        #expect(message.contains("96") && message.contains("200"))
    }

    @Test func unknownPathsAndKeysAreRefused() async throws {
        #expect(try await tiny.reply("/v1/nothing", "{}").status == 404)
        #expect(try await tiny.reply("/nothing").status == 404)
        let locked = try TinyService(keys: ["secret"])
        for key in [nil, "wrong"] {
            let (status, json) = try await locked.reply("/v1/models", key: key)
            #expect(status == 401 && json["error"]?["code"] == "invalid_api_key")
        }
        #expect(try await locked.reply("/v1/models", key: "secret").status == 200)
        #expect(try await locked.reply("/health").status == 200)
    }

    @Test func aFullQueueSaysWhenToComeAgain() async throws {
        let small = try TinyService(slotCount: 1, queueLength: 1)
        let body = #"{"prompt": "a", "max_tokens": 90, "seed": 1}"#
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<12 {
                group.addTask { try await small.reply("/v1/completions", body).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(Set(statuses) == [200, 429])
        #expect(try await small.reply("/v1/completions", body).status == 200)
    }

    @Test func tokensGoBothWays() async throws {
        let ids = try await tiny.reply(
            "/tokenize", #"{"prompt": "test", "add_special_tokens": false}"#
        ).json["tokens"]
        let list = String(decoding: try #require(ids).rendered(.compact), as: UTF8.self)
        let text = try await tiny.reply("/detokenize", #"{"tokens": \#(list)}"#).json
        #expect(text["prompt"] == "test" && text["content"] == "test")
        #expect(try await tiny.reply("/tokenizer_info").json["eos_token"]?.isNull == true)
    }
}
