import Diagnostics
import JSON

/// The steps of the pre-tokenizer of a tokenizer.json.
struct PieceParts: Sendable {
    /// The steps in order, before the one of `isByteLevel`.
    var parts: [PiecePart] = []
    /// Whether the pieces are written in the alphabet of bytes.
    var isByteLevel = false

    private static let known =
        "a pre_tokenizer ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, "
        + "Punctuation, CharDelimiterSplit or Sequence"

    init() {}

    init(_ reader: PartReader) throws {
        try add(reader)
        simplify()
    }

    private mutating func add(_ reader: PartReader) throws {
        if reader.isNull { return }
        if let members = try reader.members("pretokenizers") {
            for member in members { try add(member) }
            return
        }
        guard !isByteLevel else {
            throw reader.refusal("nothing behind the pre_tokenizer ByteLevel")
        }
        switch reader.type {
        case "ByteLevel":
            if try reader.flag("add_prefix_space", default: true) {
                parts.append(.prefix([0x20], .always))
            }
            if try reader.flag("use_regex", default: true) { parts.append(.scan(.gpt2)) }
            isByteLevel = true
        case "Split": parts.append(try Self.split(reader))
        case "Metaspace": try addMetaspace(reader)
        default: parts.append(try Self.codePoints(reader))
        }
    }

    private static func codePoints(_ reader: PartReader) throws -> PiecePart {
        switch reader.type {
        case "Digits":
            let isSingle = try reader.flag("individual_digits", default: false)
            return .codePoints(.digits, isSingle ? .isolated : .contiguous)
        case "Punctuation":
            return .codePoints(.punctuation, try behavior(reader, default: .isolated))
        case "WhitespaceSplit": return .codePoints(.whitespace, .removed)
        case "Whitespace":
            return .split(
                try Expression(#"\w+|[^\w\s]+"#, .rust, at: reader.place), .removed,
                isInverted: true)
        case "CharDelimiterSplit":
            let text = String(decoding: try reader.text("delimiter"), as: UTF8.self)
            let scalars = text.unicodeScalars
            guard scalars.count == 1 else { throw reader.refusal("a delimiter of one character") }
            return .codePoints(.ascii(text), .removed)
        default: throw reader.refusal(known)
        }
    }

    private static func split(_ reader: PartReader) throws -> PiecePart {
        let behavior = try behavior(reader, default: nil)
        let isInverted = try reader.flag("invert", default: false)
        // All text belongs to these patterns, so that to keep the matches is to isolate them.
        if behavior == .isolated || behavior == .removed && isInverted,
            let text = reader.part["pattern"]?["Regex"]?.string,
            let scanned = KnownPatterns.pattern(text)
        {
            return .scan(scanned)
        }
        return .split(try reader.pattern(), behavior, isInverted: isInverted)
    }

    private static func behavior(
        _ reader: PartReader, default standard: SplitBehavior?
    ) throws -> SplitBehavior {
        if reader.part["behavior"] == nil, let standard { return standard }
        guard let name = reader.part["behavior"]?.string,
            let behavior = SplitBehavior(rawValue: name)
        else {
            throw reader.refusal(
                "a behavior Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous")
        }
        return behavior
    }

    private mutating func addMetaspace(_ reader: PartReader) throws {
        let mark = try reader.text("replacement")
        guard String(decoding: mark, as: UTF8.self).unicodeScalars.count == 1 else {
            throw reader.refusal("a replacement of one character")
        }
        parts.append(.markSpaces(mark))
        // Older files say add_prefix_space in place of the scheme.
        let isPrefixed = try reader.flag("add_prefix_space", default: true)
        switch reader.part["prepend_scheme"]?.string ?? (isPrefixed ? "always" : "never") {
        case "first": parts.append(.prefix(mark, .first))
        case "always": parts.append(.prefix(mark, .always))
        case "never": break
        default: throw reader.refusal("prepend_scheme first, always or never")
        }
        if try reader.flag("split", default: true) {
            parts.append(.split(Expression(literal: mark), .mergedWithNext, isInverted: false))
        }
    }

    /// Makes one step of two that are scanned at once.
    private mutating func simplify() {
        guard parts.count == 2, case .codePoints(.digits, .isolated) = parts[0],
            case .scan(.gpt2) = parts[1]
        else { return }
        parts = [.scan(.digitsGPT2)]
    }
}
