import Diagnostics
import Foundation
import Testing
import Tokenizers

/// Models of SentencePiece, held against its library.
@Suite struct SentencePieceTests {
    private struct Reference: Decodable {
        struct Model: Decodable {
            var name: String
            var cases: [EncodingCase]
        }

        var models: [Model]
    }

    @Test(arguments: ["unigram", "bpe", "unknown", "plain"])
    func idsEqualThoseOfSentencePiece(name: String) throws {
        let reference = try Fixture.decode(Reference.self, from: "sentencepiece-models.json")
        let model = try #require(reference.models.first { $0.name == name })
        let tokenizer = try TokenizerFile.load(Fixture.path("sentencepiece-\(name).model"))
        let kept = try TokenizerFile.parse(tokenizer.tokenizerJSON, at: "kept")
        for example in model.cases {
            let ids = try tokenizer.encode(example.text)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            #expect(try kept.encode(example.text) == ids)
        }
    }

    @Test func damagedModelsAreRefusedOrRead() throws {
        let bytes = try Fixture.bytes("sentencepiece-plain.model")
        for count in stride(from: 0, to: bytes.count, by: 97) {
            try withFolder(["tokenizer.model": Array(bytes[..<count])]) { folder in
                do {
                    _ = try TokenizerFile.load(folder).encode("a text")
                } catch let failure as Failure {
                    #expect(failure.place != nil || failure.what.contains("encode"))
                }
            }
        }
    }

    /// Ranks of single bytes and of a few words, with the pattern that the caller knows.
    @Test func tiktokenFileIsReadWithItsPattern() throws {
        let tokens =
            (0..<256).map { [UInt8($0)] } + ["th", "he", "the", "12", " th"].map { Array($0.utf8) }
        let lines = tokens.enumerated().map { "\(Data($1).base64EncodedString()) \($0)\n" }
        try withFolder(["x.tiktoken": Array(lines.joined().utf8)]) { folder in
            let encoding = TiktokenFile.Encoding(
                pattern: #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"#
                    + #" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"#,
                specialTokens: [("<|endoftext|>", 270)])
            let tokenizer = try TokenizerFile.load(tiktoken: folder + "/x.tiktoken", encoding)
            let ids = try tokenizer.encode("the the1234<|endoftext|>")
            // "the" has a lower rank than " th".
            #expect(ids == [258, 32, 258, 259, 51, 52, 270])
            #expect(try tokenizer.decode(ids) == "the the1234<|endoftext|>")
            #expect(tokenizer.endOfTextID == 270)
            #expect(throws: Failure.self) { try TokenizerFile.load(folder + "/x.tiktoken") }
        }
    }
}
