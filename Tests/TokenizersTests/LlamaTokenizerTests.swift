import Diagnostics
import Foundation
import Testing
import Tokenizers

/// The kinds of tokenizer.json that Llama models come with, held against the `tokenizers` library.
@Suite struct LlamaTokenizerTests {
    private struct Reference: Decodable {
        var cases: [EncodingCase]
    }

    static let names = ["llama3", "sentencepiece-prepend", "sentencepiece-metaspace"]

    private func load(_ name: String) throws -> (any Tokenizer, [EncodingCase]) {
        let reference = try Fixture.decode(Reference.self, from: "\(name).json")
        return (
            try TokenizerFile.load(Fixture.path("\(name)-tokenizer.json")), reference.cases
        )
    }

    @Test(arguments: names)
    func idsEqualThoseOfTheTokenizersLibrary(_ name: String) throws {
        let (tokenizer, cases) = try load(name)
        #expect(cases.count > 200)
        for example in cases {
            #expect(
                try tokenizer.encode(example.text) == example.ids,
                "\(example.text.debugDescription)")
        }
    }

    @Test(arguments: names)
    func decodingAtOnceAndStreamedEqualsTheLibrary(_ name: String) throws {
        let (tokenizer, cases) = try load(name)
        for example in cases {
            let expected = example.decoded ?? example.text
            let text = try tokenizer.decode(example.ids)
            #expect(text.utf8.elementsEqual(expected.utf8), "\(example.text.debugDescription)")
            var (decoder, streamed) = (StreamingDecoder(tokenizer), "")
            for id in example.ids { streamed += try decoder.append(id) }
            streamed += decoder.finish()
            #expect(streamed.utf8.elementsEqual(text.utf8))
        }
    }

    @Test func firstAndLastTokensOfATextAreKnown() throws {
        let (llama3, _) = try load("llama3")
        #expect(try llama3.decode([#require(llama3.beginningOfTextID)]) == "<|begin_of_text|>")
        #expect(try llama3.decode([#require(llama3.endOfTextID)]) == "<|end_of_text|>")
        let (llama2, _) = try load("sentencepiece-prepend")
        #expect(llama2.beginningOfTextID == 1)
        #expect(llama2.endOfTextID == 2)
        let json = try llama2.tokenizerConfigJSON(maximumLength: 64)
        let configuration = try Fixture.decode(Configuration.self, from: json)
        #expect(configuration.bosToken == "<s>")
        #expect(configuration.eosToken == "</s>")
    }

    @Test(arguments: [
        ("\"type\": \"Strip\"", "\"type\": \"Metaspace\"", "nothing but Strip"),
        ("\"type\": \"Strip\"", "\"type\": \"WordPiece\"", "nothing but Strip"),
        ("\"start\": 1", "\"start\": 2", "a Strip of one space"),
        ("\"type\": \"Prepend\"", "\"type\": \"BertNormalizer\"", "a normalizer NFC"),
        ("\"type\": \"Fuse\"", "\"type\": \"CTC\"", "a decoder ByteLevel"),
        ("\"unk_token\": \"<unk>\"", "\"unk_token\": \"<none>\"", "a token '<none>'"),
        ("\"ids\": [", "\"ids\": [7, ", "one id for the token '<s>'"),
    ])
    func whatWouldGiveOtherIDsIsRefused(part: String, change: String, reason: String) throws {
        var text = String(
            decoding: try Fixture.bytes("sentencepiece-prepend-tokenizer.json"), as: UTF8.self)
        try #require(text.contains(part))
        text = text.replacingOccurrences(of: part, with: change)
        let failure = #expect(throws: Failure.self) {
            try TokenizerFile.parse(Array(text.utf8), at: "changed")
        }
        #expect(failure?.description.contains(reason) == true, "\(String(describing: failure))")
    }
}

/// The published Llama 2 and llama2.c tokenizers, read from the folder that SWIFT_LLM_DATA names.
@Suite(.enabled(if: RealData.folder != nil, "SWIFT_LLM_DATA is not set"))
struct LlamaRealDataTests {
    private struct Reference: Decodable {
        struct Encoded: Decodable {
            var file: String
            var count: Int
            var ids: String
        }

        var encoded: [Encoded]
    }

    private struct Golden: Decodable {
        var greedyIds: [Int32]
        var text: String
    }

    @Test func sentencePieceModelOfLlama2GivesTheIDsOfTheLibrary() throws {
        let tokenizer = try TokenizerFile.load(
            try RealData.path("tokenizers/llama2/tokenizer.model"))
        #expect(tokenizer.vocabularySize == 32_000)
        for text in try Fixture.decode(Reference.self, from: "llama2-real.json").encoded {
            let bytes = try RealData.bytes(text.file)
            let ids = try tokenizer.encode(bytes, malformed: .refused)
            #expect(ids.count == text.count, "\(text.file)")
            #expect(Fixture.hash(ids) == text.ids, "\(text.file)")
            guard !ids.contains(0) else { continue }
            #expect(try tokenizer.textBytes(of: ids) == bytes, "\(text.file)")
        }
    }

    @Test func llama2CTokenizerReadsItsGoldenText() throws {
        let path = try RealData.path("weights/stories260K/tok512.bin")
        let tokenizer = try Llama2CTokenizer.load(path, vocabularySize: 512)
        let golden = try Fixture.decode(
            Golden.self, from: try RealData.bytes("weights/stories260K/golden_greedy.json"))
        #expect(try tokenizer.decode(golden.greedyIds) == golden.text)
        #expect(try tokenizer.decode(tokenizer.encode(golden.text)) == golden.text)
        // What the model directory keeps says the same.
        let kept = try TokenizerFile.parse(tokenizer.tokenizerJSON, at: "kept")
        #expect(try kept.encode(golden.text) == tokenizer.encode(golden.text))
    }

    @Test func damagedLlama2CTokenizerIsRefused() throws {
        let bytes = try RealData.bytes("weights/stories260K/tok512.bin")
        for damaged in [Array(bytes.dropLast()), Array(bytes.dropFirst(2)), [], bytes + [1]] {
            try withFolder(["t.bin": damaged]) { folder in
                #expect(throws: Failure.self) { try Llama2CTokenizer.load("\(folder)/t.bin") }
            }
        }
        try withFolder(["t.bin": bytes]) { folder in
            #expect(throws: Failure.self) {
                try Llama2CTokenizer.load("\(folder)/t.bin", vocabularySize: 32_000)
            }
        }
    }
}
