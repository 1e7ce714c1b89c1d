import Diagnostics
import JSON

extension Normalizer {
    /// The normalizer of a tokenizer.json; nil where there is none or it changes nothing.
    init?(_ reader: PartReader) throws {
        let parts = try Self.parts(reader)
        guard let first = parts.first else { return nil }
        self = parts.count == 1 ? first : .sequence(parts)
    }

    private static func parts(_ reader: PartReader) throws -> [Normalizer] {
        if reader.isNull { return [] }
        if let members = try reader.members("normalizers") {
            return try members.flatMap(parts)
        }
        if let form = UnicodeForm(rawValue: reader.type) { return [.form(form)] }
        switch reader.type {
        case "Lowercase": return [.lowercase]
        case "Strip":
            return [
                .strip(
                    left: try reader.flag("strip_left", default: true),
                    right: try reader.flag("strip_right", default: true))
            ]
        case "Replace": return [.replace(try reader.pattern(), with: try reader.text("content"))]
        case "Prepend": return [.prepend(try reader.text("prepend"))]
        case "Precompiled":
            guard let text = reader.part["precompiled_charsmap"]?.string else { return [] }
            return text.isEmpty ? [] : [.table(try CharacterTable(base64: text, reader))]
        default:
            throw reader.refusal(
                "a normalizer NFC, NFD, NFKC, NFKD, Lowercase, Strip, Replace, "
                    + "Prepend, Precompiled or Sequence")
        }
    }
}
