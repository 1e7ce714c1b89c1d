import Testing
import Tokenizers

/// GPT-2's vocabulary and real texts, read from the folder that SWIFT_LLM_DATA names.
@Suite(.enabled(if: RealData.folder != nil, "SWIFT_LLM_DATA is not set"))
struct RealDataTests {
    private struct Reference: Decodable {
        var encoded: [Encoded]
        var trained: [Trained]
    }

    private struct Encoded: Decodable {
        var file: String
        var count: Int
        var ids: String
    }

    private struct Trained: Decodable {
        var file: String
        var vocabulary: Int
        var json: String
    }

    private let reference: Reference

    init() throws {
        reference = try Fixture.decode(Reference.self, from: "gpt2-real.json")
    }

    @Test func idsOfRealTextsEqualThoseOfTheTokenizersLibrary() throws {
        let tokenizer = try TokenizerFile.load(try RealData.path("tokenizers/gpt2"))
        #expect(tokenizer.endOfTextID == 50_256)
        for text in reference.encoded {
            let bytes = try RealData.bytes(text.file)
            let ids = try tokenizer.encode(bytes, malformed: .refused)
            #expect(ids.count == text.count, "\(text.file)")
            #expect(Fixture.hash(ids) == text.ids, "\(text.file)")
            #expect(try tokenizer.bytes(of: ids) == bytes, "\(text.file)")
        }
    }

    @Test func publishedFilesOfGPT2GiveTheSameIDs() throws {
        try withFolder([
            "encoder.json": try RealData.bytes("tokenizers/gpt2/encoder.json"),
            "vocab.bpe": try RealData.bytes("tokenizers/gpt2/vocab.bpe"),
        ]) { folder in
            let tokenizer = try TokenizerFile.load(folder)
            #expect(tokenizer.vocabularySize == 50_257)
            for text in reference.encoded.prefix(3) {
                let ids = try tokenizer.encode(try RealData.bytes(text.file))
                #expect(Fixture.hash(ids) == text.ids, "\(text.file)")
            }
        }
    }

    @Test func trainedFilesEqualThoseOfTheTokenizersLibrary() throws {
        for text in reference.trained {
            var words = WordCounts()
            try RealData.bytes(text.file).withUnsafeBufferPointer { _ = try words.add($0) }
            let trainer = try BytePairTrainer(vocabularySize: text.vocabulary)
            let json = try trainer.train(words).tokenizerJSON
            #expect(Fixture.hash(json) == text.json, "\(text.file)")
        }
    }
}
