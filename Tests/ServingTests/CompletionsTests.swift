import JSON
import Serving
import Testing

@Suite struct CompletionsTests {
    let tiny: TinyService

    init() throws { tiny = try TinyService() }

    @Test func aTextIsTheSameWhoeverElseIsAsking() async throws {
        func body(_ seed: Int) -> String {
            """
            {"prompt": "Once upon \(seed % 3)", "max_tokens": 20, "seed": \(seed), "logprobs": 2}
            """
        }
        var alone: [JSONValue?] = []
        for seed in 0..<12 {
            alone.append(try await tiny.reply("/v1/completions", body(seed)).json["choices"])
        }
        let together = try await withThrowingTaskGroup(of: (Int, JSONValue?).self) { group in
            for seed in 0..<12 {
                group.addTask {
                    (seed, try await tiny.reply("/v1/completions", body(seed)).json["choices"])
                }
            }
            return try await group.reduce(into: [Int: JSONValue?]()) { $0[$1.0] = $1.1 }
        }
        #expect(together.count == 12)
        for (seed, choices) in together { #expect(choices == alone[seed]) }
    }

    /// What lm-evaluation-harness reads: one entry more than tokens in the prompt, the first null.
    @Test func scoresOfThePromptComeWithItsEcho() async throws {
        let body = """
            {"model": "tiny", "prompt": [[40, 41, 42, 43], [40, 41, 42, 50, 51]], "temperature": 0,
             "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true}
            """
        let (status, json) = try await tiny.reply("/v1/completions", body)
        #expect(status == 200)
        let choices = try #require(json["choices"]?.array)
        #expect(choices.map { $0["index"]?.integer } == [0, 1])
        for (choice, count) in zip(choices, [5, 6]) {
            let scores = try #require(choice["logprobs"])
            let values = try #require(scores["token_logprobs"]?.array)
            #expect(values.count == count && values[0].isNull)
            #expect(values.dropFirst().allSatisfy { ($0.double ?? 1) <= 0 })
            let likeliest = try #require(scores["top_logprobs"]?.array)
            #expect(likeliest.count == count && likeliest[0].isNull)
            // What was drawn greedily is the likeliest: the very number.
            #expect(likeliest.last?.members?.first?.value == values.last)
            #expect(scores["tokens"]?.array?.count == count)
            #expect(scores["text_offset"]?.array == (0..<count).map { .integer($0) })
        }
        #expect(json["usage"]?["prompt_tokens"]?.integer == 9)
        #expect(json["usage"]?["completion_tokens"]?.integer == 2)
        let again = try await tiny.reply("/v1/completions", body).json
        #expect(again["choices"] == json["choices"])
        #expect(again["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer ?? 0 > 3)
    }

    @Test func promptsComeInFourShapes() async throws {
        for (prompt, count) in [
            (#""ab""#, 1), (#"["ab", "c"]"#, 2), ("[40, 41]", 1), ("[[40], [41, 42]]", 2),
        ] {
            let body = #"{"prompt": \#(prompt), "max_tokens": 2, "seed": 1}"#
            let json = try await tiny.reply("/v1/completions", body).json
            #expect(json["choices"]?.array?.count == count)
        }
    }

    @Test func partsOfAStreamMakeTheText() async throws {
        let fields = #""prompt": "The", "max_tokens": 30, "seed": 5, "n": 2, "logprobs": 0"#
        let whole = try await tiny.reply("/v1/completions", "{\(fields)}").json
        let events = try await tiny.events(
            "/v1/completions",
            #"{\#(fields), "stream": true, "stream_options": {"include_usage": true}}"#)
        #expect(events.last == "[DONE]")
        var texts = ["", ""]
        var values: [[JSONValue]] = [[], []]
        for choice in events.dropLast(2).compactMap({ $0["choices"]?.array?.first }) {
            let index = try #require(choice["index"]?.integer)
            texts[index] += choice["text"]?.string ?? ""
            values[index] += choice["logprobs"]?["token_logprobs"]?.array ?? []
        }
        for (index, choice) in try #require(whole["choices"]?.array).enumerated() {
            #expect(choice["text"]?.string == texts[index])
            #expect(choice["logprobs"]?["token_logprobs"]?.array == values[index])
        }
        let usage = try #require(events.dropLast().last)
        #expect(usage["choices"] == [] && usage["usage"]?["completion_tokens"]?.integer == 60)
    }

    @Test func aStopTextEndsAndIsNotShown() async throws {
        let fields = #""prompt": "A", "max_tokens": 40, "seed": 3"#
        let whole = try await tiny.reply("/v1/completions", "{\(fields)}").json
        let text = try #require(whole["choices"]?.array?.first?["text"]?.string)
        let stop = String(text.dropFirst(10).prefix(2))
        let cut = try await tiny.reply(
            "/v1/completions",
            #"{\#(fields), "stop": [\#(JSONValue.quoted(stop))]}"#
        ).json["choices"]?.array?.first
        let before = try #require(text.ranges(of: stop).first).lowerBound
        #expect(cut?["text"]?.string == String(text[..<before]))
        #expect(cut?["finish_reason"] == "stop")
        #expect(whole["choices"]?.array?.first?["finish_reason"] == "length")
    }

    @Test func aBiasForcesATokenAndPenaltiesForbidRepetition() async throws {
        let forced = try await tiny.reply(
            "/v1/completions",
            #"{"prompt": "A", "max_tokens": 6, "logit_bias": {"40": 100}, "seed": 1}"#
        ).json
        let text = forced["choices"]?.array?.first?["text"]?.string ?? ""
        #expect(Set(text).count == 1 && text.count == 6)
        let alone = try await tiny.reply(
            "/v1/completions",
            #"{"prompt": "A", "max_tokens": 6, "temperature": 0, "top_k": 1, "min_p": 0.5}"#
        ).json
        #expect(alone["usage"]?["completion_tokens"]?.integer == 6)
    }
}
