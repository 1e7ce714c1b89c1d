import Datasets
import Diagnostics
import JSON
import TemporaryFolders
import Testing
import Tokenizers

/// Records of conversations as people have them.
@Suite struct RecordShapeTests {
    let folder: Scratch

    init() throws { folder = try Scratch() }

    private func file(
        _ text: String, _ name: String,
        mentions: @escaping @Sendable (String) -> Bool = { _ in false }
    ) throws -> ConversationFile {
        try folder.write(text, to: name)
        return ConversationFile(path: folder.path(name), inputBegin: " / ", mentions: mentions)
    }

    private static func chat(_ texts: String...) -> [String] {
        texts.enumerated().map { ($0 % 2 == 0 ? "user: " : "assistant: ") + $1 }
    }

    private func shown(_ conversation: Conversation) -> [String] {
        conversation.messages.map { "\($0.role): \($0.json["content"]?.string ?? "null")" }
    }

    /// A file, and what its first conversation says.
    static let shapes: [(file: String, text: String, messages: [String])] = [
        ("a.jsonl", #"{"prompt": "q", "completion": "a"}"#, chat("q", "a")),
        ("a.jsonl", #"{"prompt": "q", "response": "a"}"#, chat("q", "a")),
        ("a.jsonl", #"{"question": "q", "answer": "a", "id": 7}"#, chat("q", "a")),
        ("a.jsonl", #"{"input": "q", "output": "a"}"#, chat("q", "a")),
        (
            "a.jsonl", #"{"instruction": "q", "context": "c", "response": "a", "category": "x"}"#,
            chat("q / c", "a")
        ),
        (
            "a.json", #"{"version": 1, "data": [{"instruction": "q", "output": "a"}]}"#,
            chat("q", "a")
        ),
        (
            "a.json",
            #"[{"instruction": "q", "output": "a", "messages": null, "score": -Infinity}]"#,
            chat("q", "a")
        ),
        ("a.jsonl", #"{"instruction": "q", "input": NaN, "output": "a"}"#, chat("q", "a")),
        (
            "a.jsonl", #"{"instruction": "q", "output": "a", "note": "\ud83d", "id": 1, "id": 2}"#,
            chat("q", "a")
        ),
        (
            "a.json",
            #"[{"conversations": [{"from": "Human", "value": "q"}, "#
                + #"{"from": "GPT", "value": "a"}]}]"#, chat("q", "a")
        ),
        (
            "a.json",
            #"[{"conversations": [{"role": "user", "content": "q"}, "#
                + #"{"role": "assistant", "content": "a"}]}]"#, chat("q", "a")
        ),
        (
            "a.json",
            #"[{"messages": [{"from": "human", "value": "q"}, "#
                + #"{"from": "gpt", "value": "a"}]}]"#, chat("q", "a")
        ),
        (
            "a.json",
            #"[{"messages": "[{\"role\": \"user\", \"content\": \"q\"}, "#
                + #"{\"role\": \"assistant\", \"content\": \"a\"}]"}]"#, chat("q", "a")
        ),
        (
            "a.json",
            #"[{"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}, "#
                + #"{"type": "text", "text": "?"}]}, {"role": "assistant", "content": ["a"]}]}]"#,
            chat("q?", "a")
        ),
        (
            "a.jsonl",
            #"{"instruction": "q", "output": "a", "system": "s", "#
                + #""history": [["p", "b"]]}"#, ["system: s"] + chat("p", "b", "q", "a")
        ),
        (
            "a.jsonl",
            #"{"prompt": [{"role": "user", "content": "q"}], "#
                + #""completion": [{"role": "assistant", "content": "a"}]}"#, chat("q", "a")
        ),
        (
            "a.json",
            #"[{"messages": [{"role": "developer", "content": "s"}, "#
                + #"{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}]"#,
            ["system: s"] + chat("q", "a")
        ),
        (
            "a.json",
            #"[{"conversations": [{"from": "human", "value": "q"}, "#
                + #"{"from": "function_call", "value": "{\"name\": \"w\"}"}, "#
                + #"{"from": "observation", "value": "o"}, {"from": "gpt", "value": "a"}]}]"#,
            ["user: q", "assistant: null", "tool: o", "assistant: a"]
        ),
        ("a.csv", "id,instruction,output\n1,\"q, r\",a\n", chat("q, r", "a")),
        ("a.CSV", "\u{FEFF}prompt;response\r\nq;\"a;\"\"b\"\"\"\r\n", chat("q", "a;\"b\"")),
        ("a.tsv", "instruction\tinput\toutput\nq\t\t\"a \"\"b\"\"\"\n", chat("q", "a \"b\"")),
    ]

    @Test(arguments: shapes)
    func recordsAreReadInEveryShape(file name: String, text: String, messages: [String]) throws {
        let conversations = try file(text, name).conversations()
        #expect(conversations.map(shown) == [messages])
    }

    @Test func whatIsNotLearntIsMarked() throws {
        let weighted = try file(
            #"{"messages": [{"role": "user", "content": "q"}, "#
                + #"{"role": "assistant", "content": "bad", "weight": 0}, "#
                + #"{"role": "assistant", "content": "a", "weight": 1}]}"#, "a.jsonl"
        ).conversations()
        #expect(weighted[0].messages.map(\.isLearnt) == [true, false, true])
        let prompted = try file(
            #"{"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}], "#
                + #""completion": [{"role": "assistant", "content": "a"}]}"#, "a.jsonl"
        ).conversations()
        #expect(prompted[0].messages.map(\.isLearnt) == [false, false, true])
        let set = try Letters.encoder(100).encode(weighted)
        #expect(try Letters.text(set.examples[0].targets).hasSuffix("a."))
        #expect(try !Letters.text(set.examples[0].targets).contains("bad"))
    }

    @Test func callsAreObjects() throws {
        let record =
            #"{"tools": "[{\"type\": \"function\", \"function\": {\"name\": \"w\"}}]", "messages": ["#
            + #"{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "#
            + #""tool_calls": [{"id": "1", "type": "function", "function": {"name": "w", "#
            + #""arguments": "{\"city\": \"Oslo\"}"}}]}, "#
            + #"{"role": "tool", "tool_call_id": "1", "content": "sunny"}, "#
            + #"{"role": "assistant", "content": "Sunny."}]}"#
        let conversation = try file(record, "a.jsonl") { $0 == "tool_call_id" }.conversations()[0]
        #expect(conversation.tools == [["type": "function", "function": ["name": "w"]]])
        let call = conversation.messages[1].json["tool_calls"]?.array?[0]
        #expect(call?["function"]?["arguments"] == ["city": "Oslo"])
        #expect(call?["id"] == "1")
        #expect(conversation.messages[2].json["tool_call_id"] == "1")
        // A template that shows neither calls nor tools cannot learn it.
        let failure = try #require(throws: Failure.self) {
            try Letters.encoder(100).encode([conversation])
        }
        #expect(failure.place?.hasSuffix("a.jsonl, line 1") == true, "\(failure)")
    }

    @Test func otherNamesAreGiven() throws {
        var file = try file(#"{"frage": "q", "antwort": "a", "output": "x"}"#, "a.jsonl")
        file.columns.given = [.instruction: "frage", .output: "antwort"]
        var log = RecordLog()
        #expect(try file.conversations(&log).map(shown) == [Self.chat("q", "a")])
        #expect(log.notes == ["the records hold what is not used: output (in 1)"])
    }

    @Test func otherEncodingsAreGiven() throws {
        let text = "prompt,response\nq,a "
        let files: [(TextEncoding, [UInt8], String)] = [
            (.latin1, Array(text.utf8) + [0xE9], "é"),
            (.windows1252, Array(text.utf8) + [0x80, 0xFC], "€ü"),
            (
                .utf16,
                [0xFF, 0xFE] + (text + "é").utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
                "é"
            ),
            (
                .utf16,
                [0xFE, 0xFF] + (text + "é").utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] },
                "é"
            ),
        ]
        for (encoding, bytes, letters) in files {
            try folder.write(bytes, to: "a.csv")
            var file = ConversationFile(path: folder.path("a.csv"), inputBegin: "")
            file.encoding = encoding
            #expect(try file.conversations().map(shown) == [Self.chat("q", "a " + letters)])
        }
    }

    // MARK: What cannot be used

    private static let good = #"{"instruction": "q", "output": "a"}"#
    private static let bad = [
        #"{"instruction": "q"}"#, #"{"instruction": "q", "output": " "}"#,
        #"{"instruction": "q", "#,
        #"{"instruction": "\ud83d", "output": "a"}"#,
    ]

    @Test func badRecordsAreLeftOutOnDemand() throws {
        let lines = Array(repeating: Self.good, count: 36) + Self.bad
        var log = RecordLog(.skip)
        let file = try file(lines.joined(separator: "\n"), "a.jsonl")
        #expect(try file.conversations(&log).count == 36)
        #expect(log.recordCount == 40 && log.skipped.count == 4)
        try log.requireMostUsed()
        #expect(
            Set(log.skipped.compactMap { $0.failure.place?.split(separator: " ").last })
                == ["37", "38", "39", "40"])
        #expect(
            log.notes.first?.hasPrefix("4 of 40 records cannot be used and are left out: ") == true)
        #expect(log.skipped.contains { $0.record["instruction"] == "q" })
        var strict = RecordLog()
        #expect(throws: Failure.self) { try file.conversations(&strict) }
    }

    @Test func moreThanATenthIsRefused() throws {
        let lines = Array(repeating: Self.good, count: 30) + Self.bad
        var log = RecordLog(.skip)
        _ = try file(lines.joined(separator: "\n"), "a.jsonl").conversations(&log)
        let failure = try #require(throws: Failure.self) { try log.requireMostUsed() }
        #expect(failure.what == "too many records cannot be used")
        #expect(failure.expected == "at most 3 of 34")
        #expect(failure.place?.contains("a.jsonl, line 3") == true, "\(failure)")
    }

    @Test func conversationsWithoutAnEncodingAreLeftOutToo() throws {
        var lines = Array(repeating: Self.good, count: 20)
        lines[3] = #"{"instruction": "ü", "output": "a"}"#
        var log = RecordLog(.skip)
        let conversations = try file(lines.joined(separator: "\n"), "a.jsonl").conversations(&log)
        let set = try Letters.encoder(100).encode(conversations, &log)
        #expect(set.examples.count == 19 && log.skipped.count == 1)
        #expect(log.skipped[0].json["place"]?.string?.hasSuffix("a.jsonl, line 4") == true)
    }

    @Test func whatNothingReadsIsTold() throws {
        let lines = [
            #"{"instruction": "q", "output": "a", "id": 1, "note": ""}"#,
            #"{"messages": [{"role": "user", "content": "q", "name": "Ann"}, "#
                + #"{"role": "assistant", "content": "a"}], "id": 2}"#,
        ]
        var log = RecordLog()
        _ = try file(lines.joined(separator: "\n"), "a.jsonl").conversations(&log)
        #expect(
            log.notes == ["the records hold what is not used: id (in 2), name of messages (in 1)"])
    }
}
