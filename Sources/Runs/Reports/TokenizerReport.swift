import Corpus
import Diagnostics
import JSON
import Tokenizers

/// How well a tokenizer fits some documents.
package struct TokenizerReport {
    /// Sizes of some documents, and the tokens that they became.
    package struct Counts: Equatable {
        package var documents = 0
        package var bytes = 0
        /// Runs of letters and digits.
        package var words = 0
        package var tokens = 0
        /// Tokens that are a part of a character.
        package var partialTokens = 0

        package var bytesPerToken: Double { share(bytes, tokens) }
        /// Tokens a word.
        package var fertility: Double { share(tokens, words) }
        package var partialShare: Double { share(partialTokens, tokens) }

        private func share(_ part: Int, _ whole: Int) -> Double {
            whole == 0 ? 0 : Double(part) / Double(whole)
        }

        mutating func add(_ other: Counts) {
            documents += other.documents
            bytes += other.bytes
            words += other.words
            tokens += other.tokens
            partialTokens += other.partialTokens
        }
    }

    /// A token of the vocabulary.
    package struct Token {
        package let id: Int32
        package let bytes: [UInt8]
        package let uses: Int
    }

    package let path: String
    package let tokenizer: any Tokenizer
    package private(set) var total = Counts()
    /// By the language that a record names, else by the script of the text.
    package private(set) var languages: [String: Counts] = [:]
    private var uses: [Int]
    private let isPartial: [Bool]

    package init(_ tokenizer: any Tokenizer, path: String) throws {
        self.tokenizer = tokenizer
        self.path = path
        uses = Array(repeating: 0, count: tokenizer.vocabularySize)
        isPartial = try (0..<Int32(tokenizer.vocabularySize)).map { id in
            String(validating: try tokenizer.bytes(of: [id]), as: UTF8.self) == nil
        }
    }

    package mutating func add(_ document: Document) throws {
        let ids = try tokenizer.encode(document.text)
        var counts = Counts()
        counts.documents = 1
        counts.bytes = document.text.count
        counts.tokens = ids.count
        counts.words = document.text.withUnsafeBufferPointer { Words.words(of: $0) }
            .count { !$0.isSymbol }
        for id in ids {
            uses[Int(id)] += 1
            if isPartial[Int(id)] { counts.partialTokens += 1 }
        }
        total.add(counts)
        languages[Self.language(of: document), default: Counts()].add(counts)
    }

    private static func language(of document: Document) -> String {
        if let named = document["language"]?.string { return named }
        return TextScript(of: String(decoding: document.text, as: UTF8.self)).rawValue
    }

    package var unusedCount: Int { uses.count { $0 == 0 } }

    /// The first tokens that no document has.
    package func unused(_ count: Int) throws -> [Token] {
        try Array(uses.indices.filter { uses[$0] == 0 }.prefix(count).map(token))
    }

    /// The longest tokens that documents have.
    package func longest(_ count: Int) throws -> [Token] {
        let used = try uses.indices.filter { uses[$0] > 0 }.map(token)
        return Array(
            used.sorted { ($1.bytes.count, $0.id) < ($0.bytes.count, $1.id) }.prefix(count))
    }

    private func token(_ index: Int) throws -> Token {
        Token(
            id: Int32(index), bytes: try tokenizer.bytes(of: [Int32(index)]), uses: uses[index])
    }
}

// MARK: For people and programs

extension TokenizerReport {
    private static let exampleCount = 20

    package func json() throws -> JSONValue {
        func list(_ tokens: [Token]) -> JSONValue {
            .array(
                tokens.map {
                    .object([
                        "id": .integer(Int($0.id)), "uses": .integer($0.uses),
                        "text": .string(String(decoding: $0.bytes, as: UTF8.self)),
                    ])
                })
        }
        return .object([
            "tokenizer": .string(path), "kind": .string(tokenizer.kind.rawValue),
            "vocabulary_size": .integer(tokenizer.vocabularySize), "total": total.json,
            "languages": .object(languages.mapValues(\.json)),
            "unused_tokens": .integer(unusedCount),
            "unused": list(try unused(Self.exampleCount)),
            "longest": list(try longest(Self.exampleCount)),
        ])
    }

    /// Lines for people.
    package func lines() throws -> [String] {
        let head =
            "\(path): \(tokenizer.kind.rawValue), vocabulary of \(tokenizer.vocabularySize)"
        let rows = languages.sorted { $0.value.bytes > $1.value.bytes }.map { $0 }
        let width = ((["language"] + rows.map(\.key)).map(\.count).max() ?? 0) + 2
        func row(_ name: String, _ cells: [String]) -> String {
            "  " + name + String(repeating: " ", count: width - name.count)
                + cells.map { String(repeating: " ", count: max(1, 13 - $0.count)) + $0 }.joined()
        }
        let table =
            [row("language", ["bytes", "tokens", "bytes/token", "tokens/word", "part tokens"])]
            + ([("all", total)] + rows.map { ($0.key, $0.value) }).map {
                row($0.0, $0.1.cells)
            }
        func list(_ tokens: [Token]) -> String {
            tokens.map { JSONValue.bytes($0.bytes).text() }.joined(separator: " ")
        }
        return [head] + table + [
            "  unused: \(unusedCount) tokens, such as \(list(try unused(8)))",
            "  longest: \(list(try longest(8)))",
        ]
    }
}

extension TokenizerReport.Counts {
    fileprivate var json: JSONValue {
        .object([
            "documents": .integer(documents), "bytes": .integer(bytes), "words": .integer(words),
            "tokens": .integer(tokens), "bytes_per_token": .number(bytesPerToken),
            "fertility": .number(fertility), "byte_token_share": .number(partialShare),
        ])
    }

    fileprivate var cells: [String] {
        [
            "\(bytes)", "\(tokens)", bytesPerToken.formattedTo(2), fertility.formattedTo(2),
            (100 * partialShare).formattedTo(2) + " %",
        ]
    }
}
