import Datasets
import Diagnostics
import JSON
import TemporaryFolders
import Testing
import Tokenizers

/// Records of preferences as people have them.
@Suite struct PreferenceFileTests {
    let folder: Scratch

    init() throws { folder = try Scratch() }

    private func read(
        _ text: String, _ name: String = "a.jsonl", _ policy: BadRecordPolicy = .refuse
    ) throws -> (preferences: [Preference], log: RecordLog, ties: Int) {
        try folder.write(text.utf8, to: name)
        var (log, judgements) = (RecordLog(policy), Judgements())
        let preferences = try PreferenceFile(path: folder.path(name), inputBegin: " / ")
            .preferences(&log, &judgements)
        return (preferences, log, judgements.tieCount)
    }

    private func shown(_ messages: [TemplateMessage]?) -> String {
        (messages ?? []).map { "\($0.role.prefix(1)):\($0.json["content"]?.string ?? "null")" }
            .joined(separator: " ")
    }

    private func shown(_ preference: Preference) -> String {
        "\(shown(preference.prompt)) > \(shown(preference.better)) > \(shown(preference.worse))"
    }

    /// A record, and what it says: prompt > better answer > worse answer.
    static let shapes: [(text: String, shown: [String])] = [
        (#"{"prompt": "q", "chosen": "a", "rejected": "b"}"#, ["u:q > a:a > a:b"]),
        (
            #"{"instruction": "q", "input": "i", "output": "x", "chosen": "a", "rejected": "b"}"#,
            ["u:q / i > a:a > a:b"]
        ),
        (
            #"{"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "#
                + #""chosen": [{"role": "assistant", "content": "a"}], "#
                + #""rejected": [{"role": "assistant", "content": "b"}]}"#,
            ["s:s u:q > a:a > a:b"]
        ),
        (
            #"{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "#
                + #""rejected": [{"role": "user", "content": "q"}, "#
                + #"{"role": "assistant", "content": "b"}]}"#,
            ["u:q > a:a > a:b"]
        ),
        (
            #"{"prompt": "q", "chosen": [{"role": "user", "content": "q"}, "#
                + #"{"role": "assistant", "content": "a"}], "rejected": "#
                + #"[{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}"#,
            ["u:q > a:a > a:b"]
        ),
        (
            #"{"conversations": [{"from": "human", "value": "q"}], "#
                + #""chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}}"#,
            ["u:q > a:a > a:b"]
        ),
        (
            #"{"chosen": "\n\nHuman: q\n\nAssistant: r\n\nHuman: s\n\nAssistant: a", "#
                + #""rejected": "\n\nHuman: q\n\nAssistant: r\n\nHuman: s\n\nAssistant: b"}"#,
            ["u:q a:r u:s > a:a > a:b"]
        ),
        (
            #"{"chosen": "The sky is blue.", "rejected": "The sky is green."}"#,
            ["u:The sky is > a: blue. > a: green."]
        ),
        (#"{"prompt": "q", "completion": "a", "label": true}"#, ["u:q > a:a > "]),
        (#"{"prompt": "q", "completion": "b", "label": false}"#, ["u:q >  > a:b"]),
        (
            #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}],"#
                + #" "kto_tag": "false"}"#,
            ["u:q >  > a:b"]
        ),
        (rating("a"), ["u:q > a:a > a:b"]),
        (rating("b"), ["u:q > a:b > a:a"]),
        (rating("both_bad"), ["u:q >  > a:a", "u:q >  > a:b"]),
        (rating("tie"), []),
    ]

    private static func rating(_ rating: String) -> String {
        #"{"id": "1", "time": 5, "messages": [{"role": "user", "content": "q"}], "#
            + #""a": {"model": "m", "text": "a"}, "b": {"model": "m", "text": "b"}, "#
            + #""rating": "\#(rating)"}"#
    }

    @Test(arguments: shapes.indices)
    func recordsOfAllFormatsAreRead(index: Int) throws {
        let shape = Self.shapes[index]
        let result = try read(shape.text)
        #expect(result.preferences.map(shown) == shape.shown)
        #expect(result.preferences.allSatisfy { $0.prompt.allSatisfy { !$0.isLearnt } })
        #expect(result.ties == (shape.shown.isEmpty ? 1 : 0))
    }

    private static let faults: [(text: String, line: String)] = [
        (
            #"{"prompt": "q", "chosen": "a", "rejected": "a"}"#,
            "there is nothing to learn from two equal answers: expected a better answer and a worse "
                + "one, got a record without"
        ),
        (
            #"{"prompt": "q", "chosen": "a", "rejected": " "}"#,
            "there is nothing to learn from an empty answer: expected a text in each answer"
        ),
        (
            #"{"prompt": "q", "chosen": "a", "rejected": "b"}"# + "\n"
                + #"{"prompt": "q", "chosen": "b", "rejected": "a"}"#,
            "the same two answers are judged both ways: expected one judgement"
        ),
        (rating("a") + "\n" + rating("b"), "the same two answers are judged both ways"),
        (
            #"{"prompt": "q"}"#,
            "a record cannot be read: expected chosen and rejected, or a completion and its label, "
                + "or a rating of a and b, got only prompt"
        ),
        (
            #"{"prompt": "q", "chosen": "a"}"#,
            "a record cannot be read: expected a field rejected, got only prompt, chosen"
        ),
        (
            #"{"prompt": "q", "completion": "a", "label": "good"}"#,
            "a record cannot be read: expected true or false as label"
        ),
        (
            rating("c"),
            "a record cannot be read: expected a, b, tie or both_bad as rating, got \"c\""
        ),
        (
            #"{"chosen": "blue", "rejected": "green"}"#,
            "a record cannot be read: expected something that is answered before the answer"
        ),
        ("", "there is no example"),
    ]

    @Test(arguments: faults.indices)
    func whatCannotBeLearntFromIsRefused(index: Int) {
        let fault = Self.faults[index]
        let failure = #expect(throws: Failure.self) { _ = try read(fault.text) }
        #expect(failure?.line.hasPrefix(fault.line) == true, "\(failure?.line ?? "")")
        #expect(failure?.place?.contains("a.jsonl") == true)
    }

    @Test func faultsAreListedTogetherOrLeftOut() throws {
        let equal = (0..<3).map { #"{"prompt": "q\#($0)", "chosen": "a", "rejected": "a"}"# }
        let good = (0..<30).map { #"{"prompt": "p\#($0)", "chosen": "a", "rejected": "b"}"# }
        let text = "[" + (equal + good).joined(separator: ",\n") + "]"
        let failure = #expect(throws: Failure.self) { _ = try read(text, "a.json") }
        #expect(
            failure?.line.contains("got 3 records without") == true, "\(failure?.line ?? "")")
        #expect(
            failure?.line.contains("line 1, 2, 3") == true
                || failure?.line.contains("lines 1, 2, 3") == true)
        let skipped = try read(text, "a.json", .skip)
        #expect(skipped.preferences.count == 30)
        #expect(skipped.log.skipped.count == 3)
    }
}
