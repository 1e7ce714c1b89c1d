import JSON

/// Reads the scheme from the parts of a tokenizer.json around its model.
///
/// What is not one of the published kinds is refused: wrong ids are worse than none.
extension BytePairScheme {
    init(_ root: JSONValue, _ model: JSONValue, at place: String) throws {
        let reader = SchemeReader(root: root, model: model, place: place)
        self = try reader.isByteLevel ? reader.byteLevel() : reader.sentencePiece()
        takesWholePieces = model["ignore_merges"]?.boolean ?? false
        beginningOfTextID = try reader.beginningOfTextID()
    }

    /// The pattern for a vocabulary with these merges: cuts at spaces where no merge crosses one.
    static func pattern(
        merges: [(left: [UInt8], right: [UInt8])]
    ) -> PreTokenizer.Pattern {
        let space = BytePairSymbols.space
        let crosses = merges.contains { merge in
            let token = merge.left + merge.right
            // The first space behind another character, if there is one.
            var rest = token[...]
            while rest.starts(with: space) { rest = rest.dropFirst(space.count) }
            return rest.indices.contains { rest[$0...].starts(with: space) }
        }
        return crosses ? .whole : .words
    }
}

private struct SchemeReader {
    let root: JSONValue
    let model: JSONValue
    let place: String

    private var splitter: JSONValue { root["pre_tokenizer"] ?? .null }
    private var normalizer: JSONValue { root["normalizer"] ?? .null }

    var isByteLevel: Bool { root["decoder"]?["type"]?.string == "ByteLevel" }

    func byteLevel() throws -> BytePairScheme {
        guard normalizer.isNull else { throw refusal("normalizer null", normalizer) }
        let parts = splitter["pretokenizers"]?.array ?? [splitter]
        guard let last = parts.last, type(last) == "ByteLevel",
            last["add_prefix_space"]?.boolean == false
        else { throw refusal("a pre_tokenizer ByteLevel without add_prefix_space", splitter) }
        var scheme = BytePairScheme.gpt2
        let usesExpression = last["use_regex"]?.boolean ?? true
        if parts.count == 1, usesExpression { return scheme }
        guard parts.count == 2, !usesExpression, type(parts[0]) == "Split",
            parts[0]["pattern"]?["Regex"]?.string == PreTokenizer.llama3Expression,
            parts[0]["behavior"]?.string == "Isolated", parts[0]["invert"]?.boolean != true
        else { throw refusal("the pattern of GPT-2 or of Llama 3", splitter) }
        scheme.pattern = .llama3
        return scheme
    }

    func sentencePiece() throws -> BytePairScheme {
        guard model["byte_fallback"]?.boolean == true else {
            throw refusal("pre_tokenizer and decoder ByteLevel, or byte_fallback true", splitter)
        }
        var scheme = BytePairScheme(symbols: .characters, pattern: .whole)
        scheme.spacePrefix = try splitter.isNull ? normalizerPrefix() : metaspacePrefix()
        scheme.stripsSpace = try decoderStrips()
        return scheme
    }

    /// Prepend, which is optional, then Replace of a space by U+2581.
    private func normalizerPrefix() throws -> BytePairScheme.SpacePrefix {
        var parts = normalizer["normalizers"]?.array ?? [normalizer]
        var prefix = BytePairScheme.SpacePrefix.none
        if let first = parts.first, type(first) == "Prepend", isSpace(first["prepend"]) {
            prefix = .everyPart
            parts.removeFirst()
        }
        guard parts.count == 1, type(parts[0]) == "Replace",
            parts[0]["pattern"]?["String"]?.string == " ", isSpace(parts[0]["content"])
        else { throw refusal("a normalizer that writes U+2581 for a space", normalizer) }
        return prefix
    }

    private func metaspacePrefix() throws -> BytePairScheme.SpacePrefix {
        guard normalizer.isNull, type(splitter) == "Metaspace", isSpace(splitter["replacement"]),
            splitter["split"]?.boolean == false
        else {
            throw refusal(
                "no normalizer, and a pre_tokenizer Metaspace that does not split", splitter)
        }
        switch splitter["prepend_scheme"]?.string {
        case "first": return .startWithoutSpace
        case "always", nil: return .everyPartWithoutSpace
        case "never": return .none
        default: throw refusal("prepend_scheme first, always or never", splitter)
        }
    }

    /// Replace, ByteFallback, Fuse, and a Strip of one space, which is optional.
    private func decoderStrips() throws -> Bool {
        let decoder = root["decoder"] ?? .null
        let parts = decoder["decoders"]?.array ?? []
        guard parts.count == 3 || parts.count == 4,
            parts.prefix(3).map(type) == ["Replace", "ByteFallback", "Fuse"],
            isSpace(parts[0]["pattern"]?["String"]), parts[0]["content"]?.string == " "
        else { throw refusal("a decoder of Replace, ByteFallback and Fuse", decoder) }
        guard parts.count == 4 else { return false }
        guard type(parts[3]) == "Strip", parts[3]["content"]?.string == " ",
            parts[3]["start"]?.integer == 1, parts[3]["stop"]?.integer == 0
        else { throw refusal("a Strip of one space at the start", parts[3]) }
        return true
    }

    /// The token that a template puts before the text; nil where it puts none.
    func beginningOfTextID() throws -> Int32? {
        let processor = root["post_processor"] ?? .null
        let parts = processor["processors"]?.array ?? (processor.isNull ? [] : [processor])
        var id: Int32?
        for part in parts where type(part) != "ByteLevel" {
            let template = part["single"]?.array ?? []
            guard type(part) == "TemplateProcessing", id == nil,
                let last = template.last, last["Sequence"] != nil, template.count <= 2
            else { throw refusal("a post_processor that adds one token at the start", part) }
            guard template.count == 2 else { continue }
            id = try special(template[0], of: part)
        }
        return id
    }

    private func special(_ element: JSONValue, of processor: JSONValue) throws -> Int32 {
        let name = element["SpecialToken"]?["id"]?.string ?? ""
        let ids = processor["special_tokens"]?[name]?["ids"]?.array ?? []
        guard ids.count == 1, let id = ids[0].integer.flatMap(Int32.init(exactly:)), id >= 0 else {
            throw refusal("one id for the token '\(name)' of the post_processor", processor)
        }
        return id
    }

    private func type(_ part: JSONValue) -> String { part["type"]?.string ?? "none" }

    private func isSpace(_ value: JSONValue?) -> Bool { value?.bytes == BytePairSymbols.space }

    private func refusal(_ expected: String, _ got: JSONValue) -> any Error {
        let type = got["type"]?.string.map { "\($0): " } ?? ""
        let text = got.isNull ? "none" : type + String(got.text().prefix(120))
        return Vocabulary.failure(expected, text, place)
    }
}
