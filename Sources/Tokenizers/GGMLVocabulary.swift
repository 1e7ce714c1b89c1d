import Diagnostics
import JSON

/// The tokenizer of a GGUF file: what stands under its keys `tokenizer.ggml.*`.
///
/// Ids equal those of llama.cpp where the published parts of a tokenizer do not differ from it: Qwen's
/// texts are composed (NFC) as published, which llama.cpp leaves out.
package struct GGMLVocabulary: Sendable {
    /// `model`: "gpt2" for byte-level byte pairs, "llama" for those of SentencePiece.
    package var model: String
    /// `pre`: the way in which byte-level text is cut; nil where the file has none.
    package var pre: String?
    package var tokens: [[UInt8]]
    /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; all are normal where
    /// it is empty.
    package var types: [Int32] = []
    package var scores: [Float] = []
    /// `merges`: two tokens and a space between them, first merge first.
    package var merges: [[UInt8]] = []
    package var beginID: Int32?
    /// `eos_token_id`, `eot_token_id` and others that end a text, besides those of known spelling.
    package var endIDs: [Int32] = []
    /// The text that ends an answer in the chat template.
    package var answerEnd: [UInt8]?
    /// `add_bos_token`; nil where the file does not say.
    package var addsBegin: Bool?
    /// `add_eos_token`; nil where the file does not say.
    package var addsEnd: Bool?
    /// `add_space_prefix`; nil where the file does not say.
    package var addsSpacePrefix: Bool?

    package init(model: String, pre: String? = nil, tokens: [[UInt8]]) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
    }

    /// - Parameter place: names the file in a `Failure`.
    package func tokenizer(at place: String) throws -> any Tokenizer {
        guard types.isEmpty || types.count == tokens.count,
            scores.isEmpty || scores.count == tokens.count
        else {
            throw Vocabulary.failure(
                "a type and a score for each of \(tokens.count) tokens",
                "\(types.count) and \(scores.count)", place)
        }
        guard addsEnd != true else {
            throw Vocabulary.failure("add_eos_token false", "true", place)
        }
        var ends = EndOfText.Declared()
        ends.ids = endIDs + GGMLEnds.ids(of: tokens) { type(of: $0) == 3 }
        ends.answerEnd = answerEnd
        switch model {
        case "gpt2": return try byteLevel(ends, at: place)
        case "llama": return try sentencePieces(ends, at: place)
        default:
            throw Vocabulary.failure("tokenizer.ggml.model gpt2 or llama", "'\(model)'", place)
        }
    }

    private func type(of id: Int) -> Int32 { types.isEmpty ? 1 : types[id] }

    private func sentencePieces(
        _ ends: EndOfText.Declared, at place: String
    ) throws -> any Tokenizer {
        guard !scores.isEmpty else {
            throw Vocabulary.failure("tokenizer.ggml.scores", "none", place)
        }
        let kinds: [Int32: SentencePieceVocabulary.Piece.Kind] = [
            2: .unknown, 3: .control, 4: .userDefined, 6: .byte,
        ]
        var vocabulary = SentencePieceVocabulary(
            pieces: tokens.indices.map { id in
                .init(text: tokens[id], score: scores[id], kind: kinds[type(of: id)] ?? .normal)
            })
        vocabulary.findsSymbolsFirst = true
        vocabulary.addsPrefix = addsSpacePrefix ?? true
        vocabulary.hasNoBegin = addsBegin == false
        vocabulary.beginID = beginID.map(Int.init)
        if let beginID { _ = try index(of: beginID, place) }
        return try vocabulary.tokenizer(at: place, ends: ends)
    }

    private func byteLevel(
        _ ends: EndOfText.Declared, at place: String
    ) throws -> any Tokenizer {
        guard let cut = GGMLPreTokenizer(name: pre ?? "default") else {
            throw Vocabulary.failure(
                "tokenizer.ggml.pre " + GGMLPreTokenizer.names, "'\(pre ?? "")'", place)
        }
        let merges = try pairs(at: place)
        let begins = addsBegin ?? cut.addsBegin
        let begin = try beginID.map { (text: tokens[try index(of: $0, place)], id: $0) }
        return try TokenizerFile.tokenizer(at: place, ends: ends) { [self] in
            TokenizerParts(
                addedTokens: addedTokens, normalizer: cut == .qwen2 ? ["type": "NFC"] : .null,
                preTokenizer: cut.json,
                postProcessor: TokenizerParts.frame(begin: begins ? begin : nil),
                decoder: TokenizerParts.byteLevel(usesPattern: true, addsSpace: true),
                model: model(merges, cut))
        }
    }

    private var addedTokens: [Vocabulary.AddedToken] {
        tokens.indices.filter { [3, 4].contains(type(of: $0)) }.map { id in
            .init(
                id: Int32(id), content: tokens[id], isSpecial: type(of: id) == 3,
                isNormalized: false)
        }
    }

    /// The two tokens of each merge.
    private func pairs(at place: String) throws -> [[[UInt8]]] {
        try merges.enumerated().map { index, merge in
            let parts = merge.split(separator: 0x20, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw Vocabulary.failure(
                    "two tokens in merge \(index)",
                    "'\(String(decoding: merge.prefix(80), as: UTF8.self))'", place)
            }
            return parts.map(Array.init)
        }
    }

    private func model(_ merges: [[[UInt8]]], _ cut: GGMLPreTokenizer) -> JSONValue {
        let vocabulary = tokens.enumerated().map { id, token in
            JSONValue.Member(key: token, value: .integer(id))
        }
        let merges = merges.map { pair in JSONValue.array(pair.map(JSONValue.bytes)) }
        var members =
            TokenizerDocument.model(vocabulary: .members(vocabulary), merges: merges).members ?? []
        for index in members.indices where members[index].key.elementsEqual("ignore_merges".utf8) {
            members[index].value = .boolean(cut.takesWholePieces)
        }
        return .members(members)
    }

    private func index(of id: Int32, _ place: String) throws -> Int {
        guard tokens.indices.contains(Int(id)) else {
            throw Vocabulary.failure("bos_token_id in 0..<\(tokens.count)", "\(id)", place)
        }
        return Int(id)
    }
}
