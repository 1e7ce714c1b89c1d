import Diagnostics
import Foundation
import Testing
import Tokenizers

/// Tokenizers with the published parts of each family, and of rarer ones, held against the
/// `tokenizers` library.
@Suite struct PublishedTokenizerTests {
    private struct Reference: Decodable {
        struct Family: Decodable {
            var name: String
            var tokenizer: String
            var cases: [EncodingCase]
        }

        var families: [Family]
    }

    static let names = [
        "gpt2", "llama3", "olmo2", "qwen2", "smollm2", "tekken", "o200k", "neox", "llama2",
        "mistral", "gemma", "phi3", "spm-split", "spm-unk", "spm-normalized", "flags", "prefix",
        "digits3", "deepseek", "bloom", "white", "white2", "uni-meta", "uni-nosplit", "uni-bytes",
        "uni-nfkc",
    ]

    private func family(_ name: String) throws -> (any Tokenizer, [EncodingCase]) {
        let reference = try Fixture.decode(Reference.self, from: "published.json")
        let family = try #require(reference.families.first { $0.name == name })
        return (
            try TokenizerFile.parse(Array(family.tokenizer.utf8), at: name), family.cases
        )
    }

    @Test(arguments: names)
    func idsAndTextsEqualThoseOfTheTokenizersLibrary(_ name: String) throws {
        let (tokenizer, cases) = try family(name)
        #expect(cases.count > 100)
        for example in cases {
            #expect(
                try tokenizer.encode(example.text) == example.ids,
                "\(example.text.debugDescription)")
            let expected = example.decoded ?? example.text
            let text = try tokenizer.decode(example.ids)
            #expect(text.utf8.elementsEqual(expected.utf8), "\(example.text.debugDescription)")
            var (decoder, streamed) = (StreamingDecoder(tokenizer), "")
            for id in example.ids { streamed += try decoder.append(id) }
            streamed += decoder.finish()
            #expect(streamed.utf8.elementsEqual(expected.utf8))
        }
    }

    /// A vocabulary of GGUF with the tokens of a family gives the ids of the family.
    @Test(arguments: [
        ("gpt2", "gpt-2"), ("llama3", "llama-bpe"), ("olmo2", "dbrx"), ("qwen2", "qwen2"),
        ("smollm2", "smollm"), ("tekken", "tekken"), ("o200k", "gpt-4o"),
    ])
    func namesOfLlamaCppAreThePublishedParts(_ name: String, pre: String) throws {
        let (tokenizer, cases) = try family(name)
        let contents = try TokenizerContents(tokenizer)
        #expect(contents.preTokenizer == pre)
        var vocabulary = GGMLVocabulary(model: "gpt2", pre: pre, tokens: contents.tokens)
        vocabulary.types = contents.kinds.map { $0 == .special ? 3 : $0 == .added ? 4 : 1 }
        vocabulary.merges = contents.merges.map { $0.left + [0x20] + $0.right }
        vocabulary.beginID = tokenizer.beginningOfTextID
        vocabulary.addsBegin = tokenizer.beginningOfTextID != nil
        let again = try vocabulary.tokenizer(at: "memory")
        #expect(again.beginningOfTextID == tokenizer.beginningOfTextID)
        for example in cases {
            #expect(try again.encode(example.text) == example.ids)
        }
    }

    @Test func vocabularyOfGGUFThatContradictsItselfIsRefused() throws {
        let tokens = ["a", "b"].map { Array($0.utf8) }
        var vocabulary = GGMLVocabulary(model: "gpt2", pre: "gpt-2", tokens: tokens)
        #expect(try vocabulary.tokenizer(at: "x").encode("ab") == [0, 1])
        vocabulary.types = [1]
        #expect(throws: Failure.self) { try vocabulary.tokenizer(at: "x") }
        vocabulary.types = []
        vocabulary.merges = [Array("a b c".utf8)]
        #expect(throws: Failure.self) { try vocabulary.tokenizer(at: "x") }
        vocabulary.merges = []
        vocabulary.pre = "unheard-of"
        #expect(throws: Failure.self) { try vocabulary.tokenizer(at: "x") }
        (vocabulary.model, vocabulary.pre) = ("rwkv", nil)
        #expect(throws: Failure.self) { try vocabulary.tokenizer(at: "x") }
    }
}
