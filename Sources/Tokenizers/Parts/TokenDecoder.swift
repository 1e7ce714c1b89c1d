import Diagnostics
import JSON

/// What ids mean: the steps that turn the spelling of each token into bytes.
struct TokenDecoder: Sendable {
    private enum Step: Sendable {
        /// The alphabet of bytes.
        case byteLevel
        /// `<0x0A>` and the like.
        case byteFallback
        case replace(Expression, with: [UInt8])
        /// Takes characters off each token.
        case strip([UInt8], start: Int, end: Int)
    }

    private var steps: [Step] = []
    /// What is taken off the front of a text.
    private(set) var leadingSpace = LeadingSpace.kept
    /// Whether the steps behind this point see the whole text as one token.
    private var isFused = false

    init(_ reader: PartReader) throws {
        guard !reader.isNull else { throw reader.refusal(Self.known) }
        for member in try reader.members("decoders") ?? [reader] { try add(member) }
    }

    private static let known =
        "a decoder ByteLevel, ByteFallback, Metaspace, Replace, Fuse, Strip or Sequence"

    /// The bytes that a token means.
    func bytes(of token: [UInt8]) throws -> [UInt8] {
        try steps.reduce(token) { bytes, step in
            switch step {
            case .byteLevel: ByteAlphabet.bytes(spelledBy: bytes) ?? bytes
            case .byteFallback: ByteToken.byte(spelledBy: bytes).map { [$0] } ?? bytes
            case .replace(let pattern, let content):
                try Normalizer.replace(pattern, with: content).applied(to: bytes, isJoined: false)
            case .strip(let content, let start, let end):
                Self.stripped(bytes, content, start: start, end: end)
            }
        }
    }

    private mutating func add(_ reader: PartReader) throws {
        switch reader.type {
        case "Fuse": isFused = true
        case "Strip": try addStrip(reader)
        case _ where isFused: throw reader.refusal("nothing but Strip behind the decoder Fuse")
        case "ByteLevel": steps.append(.byteLevel)
        case "ByteFallback": steps.append(.byteFallback)
        case "Replace":
            steps.append(.replace(try reader.pattern(), with: try reader.text("content")))
        case "Metaspace":
            let mark = try reader.text("replacement")
            guard !mark.isEmpty else { throw reader.refusal("a replacement") }
            steps.append(.replace(Expression(literal: mark), with: [0x20]))
            let isPrefixed = try reader.flag("add_prefix_space", default: true)
            let scheme = reader.part["prepend_scheme"]?.string ?? (isPrefixed ? "always" : "never")
            if scheme != "never" { leadingSpace = .offFirstToken }
        default: throw reader.refusal(Self.known)
        }
    }

    /// Behind Fuse it strips the text, which only one space at its start is known to do.
    private mutating func addStrip(_ reader: PartReader) throws {
        let content = try reader.text("content")
        let (start, end) = (try reader.count("start"), try reader.count("stop"))
        guard !content.isEmpty else { throw reader.refusal("a content to strip") }
        guard isFused else { return steps.append(.strip(content, start: start, end: end)) }
        if start == 0, end == 0 { return }
        guard content == [0x20], start == 1, end == 0, leadingSpace == .kept else {
            throw reader.refusal("a Strip of one space at the start")
        }
        leadingSpace = .oneOff
    }

    private static func stripped(
        _ token: [UInt8], _ content: [UInt8], start: Int, end: Int
    ) -> [UInt8] {
        var rest = token[...]
        for _ in 0..<start where rest.starts(with: content) { rest = rest.dropFirst(content.count) }
        for _ in 0..<end where rest.suffix(content.count) == content[...] {
            rest = rest.dropLast(content.count)
        }
        return Array(rest)
    }
}

/// What decoding takes off the front of a text, because encoding put it there.
package enum LeadingSpace: Sendable {
    case kept
    /// One space.
    case oneOff
    /// All spaces of the first token.
    case offFirstToken

    /// Takes it off the bytes of a first token.
    func remove(from bytes: inout [UInt8]) {
        switch self {
        case .kept: break
        case .oneOff: if bytes.first == 0x20 { bytes.removeFirst() }
        case .offFirstToken: bytes.removeAll { $0 == 0x20 }
        }
    }
}
