import DistributedRuns
import JSON
import Testing

extension Jobs {
    /// `tokenizer report`, whose numbers are those of texts that are counted by hand.
    @Suite struct TokenizerReportTests {
        /// 30 bytes of Latin letters in 9 words, 19 bytes of Cyrillic ones in 2.
        private static let records = """
            {"text": "ab cd", "id": 1}
            {"text": "ab cd ab cd, 12 of it!!!!"}
            {"text": "привет мир"}
            {"text": "ab", "language": "xx"}

            """

        private func report(_ workspace: Workspace, _ flags: String) async throws -> JSONValue {
            try workspace.write(Self.records, to: "a.jsonl")
            let run = try await workspace.succeed(
                "tokenizer report --input a.jsonl --json \(flags)")
            return try JSONValue(parsing: Array(run.output.utf8), at: "report")
        }

        @Test func countsAreThoseOfTheTexts() async throws {
            let workspace = try Workspace()
            try workspace.write("abcd ,!12oftiприветмqz\n", to: "all.txt")
            try await workspace.succeed(
                "tokenizer train --kind character --input all.txt --output chars.json")
            let report = try await report(workspace, "--tokenizer chars.json")
            let latin = report["languages"]?["latin"]
            #expect(latin?["documents"] == .integer(2))
            #expect(latin?["bytes"] == .integer(30))
            #expect(latin?["tokens"] == .integer(30))
            #expect(latin?["words"] == .integer(9))
            let cyrillic = report["languages"]?["cyrillic"]
            #expect(cyrillic?["bytes"] == .integer(19))
            #expect(cyrillic?["tokens"] == .integer(10))
            #expect(cyrillic?["fertility"]?.double == 5)
            #expect(report["languages"]?["xx"]?["fertility"]?.double == 2)
            #expect(report["total"]?["byte_token_share"]?.double == 0)
            // The line feed, q and z.
            #expect(report["unused_tokens"] == .integer(3))
        }

        @Test func partsOfCharactersAndTheOtherTokenizerAreTold() async throws {
            let workspace = try Workspace()
            try workspace.write(String(repeating: "ab cd of it ", count: 50), to: "latin.txt")
            try await workspace.succeed(
                "tokenizer train --kind bpe --vocabulary-size 270 --input latin.txt "
                    + "--output latin.json")
            try workspace.write(String(repeating: "привет мир ", count: 50), to: "other.txt")
            try await workspace.succeed(
                "tokenizer train --kind bpe --vocabulary-size 270 --input other.txt "
                    + "--output other.json")
            let both = try await report(
                workspace, "--tokenizer latin.json --against other.json")
            let (own, other) = (both["report"], both["against"])
            // Each letter of Cyrillic is two tokens that are none by themselves.
            #expect(own?["languages"]?["cyrillic"]?["tokens"] == .integer(19))
            let share = own?["languages"]?["cyrillic"]?["byte_token_share"]?.double ?? 0
            #expect(abs(share - 18.0 / 19) < 1e-9)
            let tokens = (own?["total"]?["tokens"]?.double, other?["total"]?["tokens"]?.double)
            #expect(both["tokens_ratio"]?.double == (tokens.0 ?? 0) / (tokens.1 ?? 1))
            let lines = try await workspace.succeed(
                "tokenizer report --input a.jsonl --tokenizer latin.json --against other.json")
            #expect(lines.output.contains("cyrillic") && lines.output.contains("unused:"))
        }
    }
}
