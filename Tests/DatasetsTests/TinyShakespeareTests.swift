import Datasets
import Foundation
import TemporaryFolders
import Testing
import Tokenizers

private let dataFolder = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]

@Suite(.enabled(if: dataFolder != nil, "SWIFT_LLM_DATA names the folder of real data"))
struct TinyShakespeareTests {
    /// The split of nanoGPT: train is the first int(0.9 n) of n = 1,115,394 characters.
    @Test func characterShardsHoldTheKnownCounts() throws {
        let scratch = try Scratch()
        let path = "\(try #require(dataFolder))/text/tinyshakespeare.txt"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let tokenizer = try CharacterTokenizer(text: text)
        let output = try PreparationOutput(directory: scratch.path, tokenizer: tokenizer)
        let summaries = try PreparationPlan(texts: scratch.texts([path])).jobs.map {
            try $0.run(tokenizer: tokenizer, directory: scratch.path)
        }
        try output.finish(summaries, tokenizer: tokenizer)

        let train = try TokenStream(resolving: scratch.path, split: .train)
        let validation = try TokenStream(resolving: scratch.path, split: .validation)
        #expect(train.tokenCount == 1_003_854)
        #expect(validation.tokenCount == 111_540)
        #expect(train.attributes.vocabularySize == 65)
        #expect(try tokenizer.decode(train.tokens(0..<14)) == "First Citizen:")
        #expect(try text.hasSuffix(tokenizer.decode(validation.tokens(111_440..<111_540))))
        let seam = try train.tokens(1_003_804..<1_003_854) + validation.tokens(0..<50)
        #expect(try text.contains(tokenizer.decode(seam)))
    }
}
