/// The places where a space is put before the text, so that its first word is spelled as all others.
enum SpacePrefix: Sendable {
    case none
    /// A space is put before each part between added tokens.
    case everyPart
    /// A space is put before each part that does not begin with one.
    case everyPartWithoutSpace
    /// A space is put before the text, unless it begins with a space or an added token.
    case startWithoutSpace

    func isPut(before part: UnsafeBufferPointer<UInt8>, at place: PiecePart.Place) -> Bool {
        let startsWithSpace = part.first == 0x20 || part.starts(with: SpaceMark.bytes)
        return switch self {
        case .none: false
        case .everyPart: !place.isJoined
        case .everyPartWithoutSpace: !place.isJoined && !startsWithSpace
        case .startWithoutSpace: place.isTextStart && !startsWithSpace
        }
    }
}

/// Parts of a tokenizer that do no more than write the mark of a space for each space, as those of
/// Llama 2, Mistral, Gemma and Phi-3 do.
struct MarkedSpaces {
    let prefix: SpacePrefix
    let pattern: PreTokenizer.Pattern

    /// nil for parts that do more.
    init?(_ document: TokenizerDocument) {
        guard !document.pieces.isByteLevel,
            document.vocabulary.ids[SpaceMark.bytes] != nil,
            let prefix = Self.prefix(document)
        else { return nil }
        self.prefix = prefix.prefix
        if prefix.isSplit {
            pattern = .marked
        } else if case .bytePairs(let model) = document.model, !model.joinsWords {
            pattern = .words
        } else {
            pattern = .whole
        }
        // Whole pieces are looked up as they are spelled.
        if case .bytePairs(let model) = document.model, model.takesWholePieces { return nil }
    }

    private static func prefix(
        _ document: TokenizerDocument
    ) -> (prefix: SpacePrefix, isSplit: Bool)? {
        let parts = document.pieces.parts
        guard let normalizer = document.normalizer else { return metaspace(parts) }
        // Nothing is left to cut at once each space is a mark.
        if case .split(let pattern, _, isInverted: false)? = parts.first {
            guard parts.count == 1, pattern.literal == [0x20] else { return nil }
        } else if !parts.isEmpty {
            return nil
        }
        switch normalizer {
        case let normalizer where isMarking(normalizer): return (.none, false)
        case .sequence(let members):
            guard members.count == 2, case .prepend(SpaceMark.bytes) = members[0],
                isMarking(members[1])
            else { return nil }
            return (.everyPart, false)
        default: return nil
        }
    }

    private static func isMarking(_ normalizer: Normalizer) -> Bool {
        guard case .replace(let pattern, with: SpaceMark.bytes) = normalizer else { return false }
        return pattern.literal == [0x20]
    }

    /// Marks, then a prefix if any, then a cut before each mark if any.
    private static func metaspace(
        _ parts: [PiecePart]
    ) -> (prefix: SpacePrefix, isSplit: Bool)? {
        guard case .markSpaces(SpaceMark.bytes)? = parts.first else { return nil }
        var rest = parts.dropFirst()
        var prefix = SpacePrefix.none
        if case .prefix(SpaceMark.bytes, let scheme)? = rest.first {
            prefix = scheme == .first ? .startWithoutSpace : .everyPartWithoutSpace
            rest = rest.dropFirst()
        }
        guard let last = rest.first else { return (prefix, false) }
        guard rest.count == 1, case .split(let pattern, .mergedWithNext, isInverted: false) = last,
            pattern.literal == SpaceMark.bytes
        else { return nil }
        return (prefix, true)
    }
}
