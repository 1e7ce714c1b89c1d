import Diagnostics
import JSON

/// The tokens that a post-processor puts before and behind each text.
struct TextFrame: Equatable, Sendable {
    /// The token that a text starts with for the model; nil where texts start without one.
    var beginID: Int32?
    /// The token that a text ends with; nil where texts end without one.
    var endID: Int32?

    init() {}

    init(_ reader: PartReader) throws {
        if reader.isNull { return }
        for part in try reader.members("processors") ?? [reader] where part.type != "ByteLevel" {
            guard self == TextFrame() else {
                throw reader.refusal("one post_processor that adds tokens")
            }
            switch part.type {
            case "TemplateProcessing": try read(template: part)
            case "BertProcessing", "RobertaProcessing":
                (beginID, endID) = (try Self.id(part, "cls"), try Self.id(part, "sep"))
            default:
                throw part.refusal(
                    "a post_processor TemplateProcessing, ByteLevel, BertProcessing, "
                        + "RobertaProcessing or Sequence")
            }
        }
    }

    private mutating func read(template reader: PartReader) throws {
        let elements = reader.part["single"]?.array ?? []
        let texts = elements.indices.filter { elements[$0]["Sequence"] != nil }
        guard texts.count == 1, let text = texts.first, text <= 1, elements.count - text <= 2 else {
            throw reader.refusal(
                "a post_processor that adds at most one token before and one behind the text")
        }
        if text == 1 { beginID = try Self.special(elements[0], reader) }
        if elements.count - text == 2 { endID = try Self.special(elements[text + 1], reader) }
    }

    private static func special(_ element: JSONValue, _ reader: PartReader) throws -> Int32 {
        let name = element["SpecialToken"]?["id"]?.bytes ?? []
        let tokens = reader.part["special_tokens"]?.members ?? []
        let ids = tokens.first { $0.key == name }?.value["ids"]?.array ?? []
        guard ids.count == 1, let id = ids[0].integer.flatMap(Int32.init(exactly:)), id >= 0 else {
            throw reader.refusal(
                "one id for the token '\(String(decoding: name, as: UTF8.self))' of the "
                    + "post_processor")
        }
        return id
    }

    private static func id(_ reader: PartReader, _ key: String) throws -> Int32 {
        guard let pair = reader.part[key]?.array, pair.count == 2,
            let id = pair[1].integer.flatMap(Int32.init(exactly:)), id >= 0
        else { throw reader.refusal("\(key) as a token and its id") }
        return id
    }
}
