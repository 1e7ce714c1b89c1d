import Testing
import Tokenizers

/// The ids that end a text, from all files that say so.
struct EndOfTextTests {
    private static func tokenizer(_ names: [String]) -> [UInt8] {
        let vocabulary = (["a"] + names).enumerated().map { "\"\($1)\": \($0)" }
        let added = names.enumerated().map { index, name in
            #"{"id": \#(index + 1), "content": "\#(name)", "special": true}"#
        }
        return Array(
            """
            {"added_tokens": [\(added.joined(separator: ", "))], "normalizer": null,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
             "decoder": {"type": "ByteLevel"}, "post_processor": null,
             "model": {"type": "BPE", "vocab": {\(vocabulary.joined(separator: ", "))}, "merges": []}}
            """.utf8)
    }

    @Test(arguments: ["<|endoftext|>", "</s>", "<eos>", "[EOS]", "<|eot_id|>", "<|im_end|>"])
    func everyPublishedSpellingEndsDocuments(name: String) throws {
        let tokenizer = try TokenizerFile.parse(Self.tokenizer(["<x>", name]), at: "memory")
        #expect(tokenizer.endOfTextID == 2)
        #expect(tokenizer.endOfText.ids == [2])
    }

    @Test func filesBesideTheTokenizerDecide() throws {
        let names = ["<|endoftext|>", "<|im_end|>", "<|return|>", "<other>"]
        try withFolder([
            "tokenizer.json": Self.tokenizer(names),
            "tokenizer_config.json": Array(#"{"eos_token": {"content": "<|im_end|>"}}"#.utf8),
            "config.json": Array(#"{"eos_token_id": 1}"#.utf8),
            "generation_config.json": Array(#"{"eos_token_id": [2, 3, 99]}"#.utf8),
        ]) { folder in
            let ends = try TokenizerFile.load(folder).endOfText
            #expect(ends.separatorID == 2)
            #expect(ends.ids == [2, 1, 3])
            #expect(ends.contains(3) && !ends.contains(4))
        }
    }

    /// The end of an answer is one where it is a token of its own; it separates documents where nothing else
    /// does.
    @Test func whatEndsAnAnswerEndsAText() throws {
        for (names, end, ids) in [
            (["<|endoftext|>", "<turn>"], "<turn>", [1, 2]), (["<x>", "<turn>"], "<turn>", [2]),
            (["<|endoftext|>"], "a", [1]), (["<|endoftext|>"], "<|endoftext|>", [1]),
        ] as [([String], String, [Int32])] {
            var ends = EndOfText.Declared()
            ends.answerEnd = Array(end.utf8)
            let found = try TokenizerFile.parse(Self.tokenizer(names), at: "memory", ends: ends)
            #expect(found.endOfText.ids == ids, "\(names) \(end)")
            #expect(found.endOfTextID == ids[0])
        }
    }

    @Test func idsOfANestedConfigurationCount() throws {
        try withFolder([
            "tokenizer.json": Self.tokenizer(["<x>", "<y>"]),
            "config.json": Array(#"{"text_config": {"eos_token_id": [2]}}"#.utf8),
        ]) { folder in
            let ends = try TokenizerFile.load(folder).endOfText
            #expect(ends.ids == [2])
        }
    }
}
