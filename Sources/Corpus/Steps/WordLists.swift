import Diagnostics
import Files
import Foundation
import Options

/// A list of words that no kept text may have.
package struct BannedWordsOptions: OptionBlock {
    /// Files of one word or phrase a line.
    package var files: [String] = []
    package var words: [String] = []

    package init() {}

    package static var fields: [OptionField<BannedWordsOptions>] {
        [
            OptionField("files", \.files, .changesFreely),
            OptionField("words", \.words, .changesFreely),
        ]
    }
}

/// Drops texts that hold a word of a list, or a phrase, as whole words, in any case.
package final class BannedWords: CleaningStep {
    /// Phrases by the hash of their first word; each is the hashes of its words.
    private var phrases: [UInt64: [[UInt64]]] = [:]

    package init(_ options: BannedWordsOptions) throws {
        let listed = try options.files.flatMap { try ListFile.lines(of: $0) }
        for phrase in options.words + listed {
            let hashes = Self.hashes(Array(phrase.utf8))
            guard let first = hashes.first else { continue }
            phrases[first, default: []].append(hashes)
        }
    }

    package func apply(to document: inout Document) -> String? {
        let words = Self.hashes(document.text)
        for (index, word) in words.enumerated() {
            guard let candidates = phrases[word] else { continue }
            if candidates.contains(where: { words[index...].starts(with: $0) }) {
                return "document_removed_with_badwords"
            }
        }
        return nil
    }

    /// The hashes of the words in lower case.
    private static func hashes(_ text: [UInt8]) -> [UInt64] {
        let lower = Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
        return lower.withUnsafeBufferPointer { Words.words(of: $0) }.map(\.hash)
    }
}

/// Lists of addresses that no kept document may come from.
package struct URLOptions: OptionBlock {
    /// The field of the address in the records.
    package var field = "url"
    /// Files of one domain a line; those below it are meant too.
    package var domains: [String] = []
    /// Files of one whole address a line.
    package var urls: [String] = []
    /// Files of one word a line that no address may have.
    package var words: [String] = []
    /// Files of words of which an address may have fewer than `soft_limit`.
    package var softWords: [String] = []
    package var softLimit = 2

    package init() {}

    package static var fields: [OptionField<URLOptions>] {
        [
            OptionField("field", \.field, .changesFreely),
            OptionField("domains", \.domains, .changesFreely),
            OptionField("urls", \.urls, .changesFreely),
            OptionField("words", \.words, .changesFreely),
            OptionField("soft_words", \.softWords, .changesFreely),
            OptionField("soft_limit", \.softLimit, .atLeast(1), .changesFreely),
        ]
    }
}

/// Drops documents by their address, with the reasons of datatrove. A document without one is kept.
package final class URLFilter: CleaningStep {
    private let options: URLOptions
    private let domains: Set<String>
    private let urls: Set<String>
    private let words: Set<String>
    private let softWords: Set<String>

    package init(_ options: URLOptions) throws {
        func set(_ files: [String]) throws -> Set<String> {
            try Set(files.flatMap { try ListFile.lines(of: $0) })
        }
        self.options = options
        domains = try set(options.domains)
        urls = try set(options.urls)
        words = try set(options.words)
        softWords = try set(options.softWords)
    }

    package func apply(to document: inout Document) -> String? {
        guard let url = document[options.field]?.string else { return nil }
        if let reason = domainReason(Self.host(of: url)) { return reason }
        if urls.contains(url) { return "url" }
        let parts = Set(
            url.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init))
        if !words.isDisjoint(with: parts) { return "hard_blacklisted" }
        return softWords.count(where: parts.contains) >= options.softLimit
            ? "soft_blacklisted" : nil
    }

    private func domainReason(_ host: String) -> String? {
        if domains.contains(host) {
            return host.split(separator: ".").count > 2 ? "subdomain" : "domain"
        }
        var rest = host[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if domains.contains(String(rest)) { return "domain" }
        }
        return nil
    }

    package static func host(of url: String) -> String {
        var rest = url[...]
        if let scheme = rest.range(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { !"/?#".contains($0) }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return rest.prefix { $0 != ":" }.lowercased()
    }
}

/// A file of one entry a line.
package enum ListFile {
    /// The lines that are not empty and do not begin with "#", without white space at their ends.
    package static func lines(of path: String) throws(Failure) -> [String] {
        let bytes = try FileReader.bytes(of: path, what: "cannot open the list")
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { String($0.trimmed) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !lines.isEmpty else {
            throw Failure(
                "the list is empty", expected: "one entry a line", got: "none", at: path,
                remedy: "leave it out")
        }
        return lines
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0.isWhitespace }
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }
}
