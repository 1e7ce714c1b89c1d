import Diagnostics
import Foundation
import Testing
import Tokenizers

/// encoder.json and vocab.bpe made from the trained fixture, and faults in either.
struct GPT2FilesTests {
    /// The tokens of the 256 bytes with their ids 1...256, as JSON members.
    private let alphabet: String

    init() throws {
        let tokenizer = try BytePairTrainer(vocabularySize: 257).train(WordCounts())
        let lines = String(decoding: tokenizer.tokenizerJSON, as: UTF8.self).split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.contains("\"vocab\"") })
        alphabet = lines[(start + 2)..<(start + 258)].joined()
    }

    @Test func filesLoadAndAreConvertedOnSave() throws {
        let encoder = Array("{\"<|endoftext|>\": 0,\(alphabet), \"ab\": 257, \"Ġab\": 258}".utf8)
        let merges = Array("#version: 0.2\na b\nĠ ab\n".utf8)
        try withFolder(["encoder.json": encoder, "vocab.bpe": merges]) { folder in
            let tokenizer = try TokenizerFile.load(folder)
            let ids = try tokenizer.encode("ab ab<|endoftext|>")
            #expect(ids == [257, 258, 0])
            let saved = try TokenizerFile.parse(tokenizer.tokenizerJSON, at: "memory")
            let again = try saved.encode("ab ab<|endoftext|>")
            #expect(again == ids)
            #expect(saved.endOfTextID == 0)
        }
    }

    @Test(arguments: ["a b c", "ab", "a q", "ab ab"])
    func wrongMergeIsRefused(line: String) throws {
        let encoder = Array("{\"<|endoftext|>\": 0,\(alphabet), \"ab\": 257}".utf8)
        try withFolder(["encoder.json": encoder, "vocab.bpe": Array(line.utf8)]) { folder in
            #expect(throws: Failure.self) { try TokenizerFile.load(folder) }
        }
    }

    /// The `tokenizers` library leaves out what has no token where there is no unknown token.
    @Test(arguments: [("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt")])
    func missingBytesAreLeftOut(vocabulary: String, merges: String) throws {
        let encoder = Array(#"{"a": 0, "b": 1, "ab": 2}"#.utf8)
        try withFolder([vocabulary: encoder, merges: Array("a b".utf8)]) { folder in
            let tokenizer = try TokenizerFile.load(folder)
            let ids = try tokenizer.encode("abé ab")
            #expect(ids == [2, 2])
        }
    }

    @Test func classOfTheTokenizerDecidesThePattern() throws {
        let files = [
            "vocab.json": Array(
                #"{"1": 0, "2": 1, "12": 2, "Ã": 3, "©": 4, "e": 5, "Ì": 6, "ģ": 7}"#.utf8),
            "merges.txt": Array("1 2".utf8),
        ]
        func configuration(_ name: String) -> [UInt8] {
            Array(#"{"tokenizer_class": "\#(name)"}"#.utf8)
        }
        try withFolder(files) { folder in
            let ids = try TokenizerFile.load(folder).encode("12e\u{301}")
            #expect(ids == [2, 5, 6, 7])
        }
        let qwen = files.merging(["tokenizer_config.json": configuration("Qwen2Tokenizer")]) { $1 }
        try withFolder(qwen) { folder in
            let ids = try TokenizerFile.load(folder).encode("12e\u{301}")
            #expect(ids == [0, 1, 3, 4])
        }
        let bert = files.merging(["tokenizer_config.json": configuration("BertTokenizer")]) { $1 }
        try withFolder(bert) { folder in
            #expect(throws: Failure.self) { try TokenizerFile.load(folder) }
        }
    }

    @Test(arguments: [
        (#""dropout": null"#, #""dropout": 0.1"#),
        (#""normalizer": null"#, #""normalizer": {"type": "Nmt"}"#),
        (#""post_processor": null"#, #""post_processor": {"type": "TemplateProcessing"}"#),
        (#""type": "BPE""#, #""type": "WordPiece""#),
        (#""id": 0"#, #""id": 1"#),
        (#""id": 0"#, #""id": -1"#),
        (#""merges": ["#, #""merges": [["h"],"#),
        (#""merges": ["#, #""merges": [["h", "qq"],"#),
        (#""Ń": 256"#, #""Ń": 255"#),
    ])
    func whatWouldChangeTheIDsIsRefused(original: String, replacement: String) throws {
        let json = String(decoding: try Fixture.bytes("bpe-tokenizer.json"), as: UTF8.self)
        let range = try #require(json.firstRange(of: original))
        let changed = json.replacingCharacters(in: range, with: replacement)
        #expect(throws: Failure.self) { try TokenizerFile.parse(Array(changed.utf8), at: "x") }
    }
}
