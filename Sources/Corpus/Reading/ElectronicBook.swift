import Diagnostics
import Foundation
import JSON

/// The text of a book in EPUB: its chapters in the order of reading. Source: EPUB 3.3 of the W3C.
final class ElectronicBook: DocumentReader {
    private let archive: ZipArchive
    private let rules: ReadingRules
    private var isRead = false

    private static let containerPath = "META-INF/container.xml"
    private static let maximumSize = 1 << 30

    init(_ archive: ZipArchive, _ rules: ReadingRules) {
        (self.archive, self.rules) = (archive, rules)
    }

    static func isBook(_ archive: ZipArchive) -> Bool { archive[containerPath] != nil }

    func next() throws -> ReadRecord? {
        guard !isRead else { return nil }
        isRead = true
        guard let path = try tags(of: Self.containerPath).first(named: "rootfile")?["full-path"]
        else { return try nothing("no list of its parts") }
        let package = try tags(of: path)
        let chapters = chapters(package, in: path)
        if let guarded = try guardedPaths().first(where: chapters.contains) {
            return try nothing("\(guarded) encrypted, as of a copy protection")
        }
        var text: [UInt8] = []
        for chapter in chapters {
            guard let page = try archive.bytes(of: chapter) else { continue }
            let part = HTMLText.wholeText(of: page)
            if !text.isEmpty, !part.isEmpty { text += [0x0A, 0x0A] }
            text += part
            guard text.count <= Self.maximumSize else { return try nothing("more than 1 GiB") }
        }
        guard !text.isEmpty else { return try nothing("no chapter with a text") }
        var document = Document(text: text, source: rules.path)
        for (field, name) in [("title", "title"), ("author", "creator"), ("language", "language")] {
            guard let value = package.first(named: name)?.text, !value.isEmpty else { continue }
            document.set(field, .string(value))
        }
        return .document(document)
    }

    private func nothing(_ got: String) throws -> ReadRecord {
        try rules.unreadable("no_text", "a book with chapters", got: got, rules.path, [])
    }

    private func tags(of name: String) throws -> [XMLTag] {
        XMLTag.all(in: String(decoding: try archive.bytes(of: name) ?? [], as: UTF8.self))
    }

    /// The paths of the chapters in the archive.
    private func chapters(_ package: [XMLTag], in path: String) -> [String] {
        var paths: [String: String] = [:]
        for item in package where item.name == "item" {
            guard let id = item["id"], let reference = item["href"] else { continue }
            paths[id] = Self.resolved(reference, against: path)
        }
        return package.filter { $0.name == "itemref" }.compactMap { $0["idref"] }
            .compactMap { paths[$0] }
    }

    private func guardedPaths() throws -> Set<String> {
        let references = try tags(of: "META-INF/encryption.xml").compactMap { $0["URI"] }
        return Set(references.map { $0.removingPercentEncoding ?? $0 })
    }

    /// The path in the archive of a reference in one of its files.
    static func resolved(_ reference: String, against path: String) -> String {
        let plain = reference.prefix { $0 != "#" }
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in (String(plain).removingPercentEncoding ?? String(plain)).split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}

/// The start of an element of a small XML file, and the text up to the next one.
struct XMLTag {
    /// Without its prefix.
    let name: String
    let text: String
    private let attributes: [String: String]

    subscript(attribute: String) -> String? { attributes[attribute] }

    static func all(in text: String) -> [XMLTag] {
        text.replacing(/<!--.*?-->/.dotMatchesNewlines(), with: "").split(separator: "<")
            .compactMap(XMLTag.init)
    }

    private init?(_ part: Substring) {
        guard let first = part.first, first.isLetter, let end = part.firstIndex(of: ">") else {
            return nil
        }
        let head = part[..<end]
        let whole = head.prefix { !$0.isWhitespace && $0 != "/" }
        name = String(whole.split(separator: ":").last ?? whole)
        text = Self.plain(part[part.index(after: end)...])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        var attributes: [String: String] = [:]
        for match in head.matches(of: /([\w:.\-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/) {
            let value = match.output.2 ?? match.output.3 ?? ""
            attributes[String(match.output.1)] = Self.plain(value)
        }
        self.attributes = attributes
    }

    /// The text with its references to characters replaced.
    private static func plain(_ text: Substring) -> String {
        let names = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
        return String(text).replacing(/&(#x[0-9A-Fa-f]+|#[0-9]+|[a-z]+);/) { match -> String in
            let reference = match.output.1
            if let named = names[String(reference)] { return named }
            let value =
                reference.hasPrefix("#x")
                ? UInt32(reference.dropFirst(2), radix: 16) : UInt32(reference.dropFirst())
            return value.flatMap(Unicode.Scalar.init).map { String($0) } ?? String(match.output.0)
        }
    }
}

extension [XMLTag] {
    fileprivate func first(named name: String) -> XMLTag? { first { $0.name == name } }
}
