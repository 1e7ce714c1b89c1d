/// The ends of texts of a GGUF file as llama.cpp takes them: those under its keys, and tokens that it
/// knows by their spelling.
///
/// Source: `special_eog_ids` in llama.cpp's src/llama-vocab.cpp.
package enum GGMLEnds {
    /// Ends of documents, turns and messages, then the marks of files in texts of code.
    private static let spellings = [
        "<|endoftext|>", "<|end_of_text|>", "<eos>", "[EOS]", "<|eot_id|>", "<|im_end|>", "<|end|>",
        "<end_of_turn>", "<turn|>", "<EOT>", "_<EOT>", "[EOT]", "<|eom_id|>", "<|return|>",
        "<|call|>", "<|calls|>", "<|flush|>", "<end_of_utterance>", "<|tool_response>",
        "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]",
        "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
    ].map { Array($0.utf8) }
    /// A spelling that is markup, too, where the token is no control token, as in Gemma's vocabulary.
    private static let markup = Array("</s>".utf8)
    private static let messageEnd = Array("<|eom_id|>".utf8)

    /// The ids of tokens that end texts by their spelling, in the order of the spellings.
    ///
    /// - Parameter isControl: of an id.
    static func ids(of tokens: [[UInt8]], isControl: (Int) -> Bool) -> [Int32] {
        let places = Dictionary(spellings.enumerated().map { ($1, $0) }) { first, _ in first }
        let found = tokens.indices.compactMap { id -> (place: Int, id: Int32)? in
            let token = tokens[id]
            if token == markup { return isControl(id) ? (spellings.count, Int32(id)) : nil }
            return places[token].map { ($0, Int32(id)) }
        }
        return found.sorted { $0 < $1 }.map(\.id)
    }

    /// What the keys of a file say of ends: the first is `eos`; `eot` and `eom` are two others, before all
    /// those that the spelling does not tell.
    ///
    /// - Returns: Names and ids, and whether llama.cpp learns all ends from them and by spelling.
    package static func keys(
        of ends: EndOfText, _ tokens: [[UInt8]], isControl: (Int) -> Bool
    ) -> (ids: [(name: String, id: Int32)], areAllTold: Bool) {
        guard let first = ends.separatorID else { return ([], true) }
        let spelled = Set(ids(of: tokens, isControl: isControl))
        let others = ends.ids.filter { $0 != first }
        let message = others.first { tokens[Int($0)] == messageEnd }
        let untold = others.filter { !spelled.contains($0) }
        let told = others.filter { spelled.contains($0) && $0 != message }
        var left = (untold + told)[...]
        var keys = [(name: "eos", id: first)]
        if let turn = left.popFirst() { keys.append(("eot", turn)) }
        if let message = message ?? untold.dropFirst().first { keys.append(("eom", message)) }
        let places = keys.map(\.id)
        return (keys, untold.allSatisfy { places.contains($0) })
    }
}
