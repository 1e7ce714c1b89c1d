import Diagnostics
import JSON

/// The parts of a tokenizer.json, each read or refused by name: wrong ids are worse than none.
///
/// What changes no id of a text is accepted: truncation and padding belong to batches.
struct TokenizerDocument {
    /// The model that turns pieces into ids.
    enum Model {
        case bytePairs(BytePairModel)
        case unigram(UnigramModel)
        /// One token for each code point, as this program writes it.
        case characters
    }

    /// The name of the file in a `Failure`.
    let place: String
    let model: Model
    let vocabulary: Vocabulary
    let normalizer: Normalizer?
    let pieces: PieceParts
    let decoder: TokenDecoder
    let frame: TextFrame

    init(json: [UInt8], at place: String) throws {
        try self.init(JSONValue(parsing: json, at: place, names: .bytes), at: place)
    }

    init(_ root: JSONValue, at place: String) throws {
        guard let model = root["model"], model.members != nil else {
            throw Vocabulary.failure("an object model", "none", place)
        }
        self.place = place
        let reader = PartReader(model, at: place)
        (self.model, vocabulary) = try Self.model(reader, root)
        normalizer = try Normalizer(PartReader(root["normalizer"], at: place))
        pieces = try PieceParts(PartReader(root["pre_tokenizer"], at: place))
        decoder = try TokenDecoder(PartReader(root["decoder"], at: place))
        frame = try TextFrame(PartReader(root["post_processor"], at: place))
        try check()
    }

    var kind: TokenizerKind {
        switch model {
        case .characters: .character
        case .unigram: .unigram
        case .bytePairs: pieces.isByteLevel ? .bpe : .sentencePiece
        }
    }

    private static func model(
        _ reader: PartReader, _ root: JSONValue
    ) throws -> (Model, Vocabulary) {
        let added = root["added_tokens"]
        // Older files do not name the type of the model.
        let standard = reader.part["merges"] == nil ? "none" : "BPE"
        switch reader.part["type"]?.string ?? standard {
        case "BPE":
            let vocabulary = try Vocabulary(
                model: reader.part["vocab"], added: added, at: reader.place)
            if isCharacters(root, reader) { return (.characters, vocabulary) }
            let model = try BytePairModel(reader, ids: vocabulary.ids)
            return (.bytePairs(model), vocabulary)
        case "Unigram":
            let model = try UnigramModel(reader)
            return (
                .unigram(model),
                try Vocabulary(model: model.tokens, added: added, at: reader.place)
            )
        case let type:
            throw Vocabulary.failure("a model of type BPE or Unigram", type, reader.place)
        }
    }

    /// Nothing but characters, whose text is one word and whose decoder joins them.
    private static func isCharacters(_ root: JSONValue, _ reader: PartReader) -> Bool {
        (root["pre_tokenizer"] ?? .null).isNull && (root["normalizer"] ?? .null).isNull
            && root["decoder"]?["type"]?.string == "Fuse"
            && reader.part["merges"]?.array?.isEmpty == true
            && root["added_tokens"]?.array?.isEmpty != false
    }

    private func check() throws {
        for id in [frame.beginID, frame.endID].compactMap(\.self)
        where Int(id) >= vocabulary.tokens.count {
            throw Vocabulary.failure(
                "tokens of the post_processor below \(vocabulary.tokens.count)", "\(id)", place)
        }
        guard pieces.isByteLevel else { return }
        switch model {
        case .characters: break
        case .bytePairs(let model):
            if !model.fallsBackToBytes { break }
            throw Vocabulary.failure("byte_fallback or ByteLevel", "both", place)
        case .unigram:
            throw Vocabulary.failure(
                "another pre_tokenizer than ByteLevel before Unigram", "ByteLevel", place)
        }
    }

    /// The model of a tokenizer.json, members in the order of the `tokenizers` library.
    static func model(vocabulary: JSONValue, merges: [JSONValue]) -> JSONValue {
        [
            "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
            "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false, "vocab": vocabulary, "merges": .array(merges),
        ]
    }
}
