/// One kind of file from outside, and the reader of it that must survive whatever it holds.
package struct FuzzTarget: Sendable {
    package let name: String
    /// The file that is changed, in a folder that `prepare` fills.
    let file: String
    /// Puts good files into a folder; returns more good contents of `file`, if any.
    let prepare: @Sendable (_ folder: String) throws -> [[UInt8]]
    /// Makes a changed file whole where that lets its reader look further.
    var repair: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// Reads the file, and through it all that it leads to. Throws what the reader throws.
    let read: @Sendable (_ folder: String) throws -> Void

    package static let all: [FuzzTarget] = [
        shard, safetensors, tokenizer, tokenizerParts, expression, merges, encoder, configuration,
        index, manifest,
        trainerState, metrics, recipe, llama2C, llama2CTokenizer, sentencePiece,
        conversations, conversationTable, chatTemplate, jinja, gguf,
        corpusRecords, corpusTables, corpusPages, corpusTar, corpusParquet, corpusZip,
        corpusMembers,
        languageModel,
        comparisons, questions, questionTable, task, csvTexts, tsvTexts, jsonTexts, adapter,
    ]
}
