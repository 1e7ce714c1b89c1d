import Diagnostics
import Files
import JSON
import Tokenizers

/// What a start needs to know of the shards of a directory, in the index.json beside them, so that it
/// opens one file and not all of them.
///
/// The shards themselves remain what counts: each is compared with its entry when it is opened.
package struct ShardIndex: Equatable, Sendable {
    package static let fileName = "index.json"
    private static let formatVersion = 1

    /// What opening each shard would show, by the names of the files.
    let shards: [String: ShardFacts]
    let tokenizerSHA256: String
    let vocabularySize: Int

    package init(_ shards: [String: ShardFacts], tokenizer: some Tokenizer) {
        self.shards = shards
        tokenizerSHA256 = tokenizer.tokenizerSHA256
        vocabularySize = tokenizer.vocabularySize
    }

    /// Reads the index of a directory; nil where there is none.
    ///
    /// - Throws: a `Failure` for one that is damaged.
    package init?(ofDirectory directory: String) throws {
        let path = "\(directory)/\(Self.fileName)"
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
        try self.init(
            JSONValue(
                parsing: FileReader.bytes(of: path, what: "cannot read the index of the shards"),
                at: path), at: path)
    }

    private init(_ json: JSONValue, at path: String) throws {
        let members = Members(json: json, path: path)
        guard json["format_version"]?.integer == Self.formatVersion else {
            throw members.damaged("format_version \(Self.formatVersion)", json["format_version"])
        }
        let tokenizer = try members.text("tokenizer_sha256")
        guard let list = json["shards"]?.array else {
            throw members.damaged("a list of shards", json["shards"])
        }
        let pairs = try list.map { shard in
            let members = Members(json: shard, path: path)
            let facts = ShardFacts(
                tokenCount: try members.count("tokens"),
                documentCount: try members.count("documents"),
                fileSize: try members.count("bytes"),
                sourceSHA256: try members.text("source_sha256"), tokenizerSHA256: tokenizer)
            return (try members.text("name"), facts)
        }
        shards = Dictionary(pairs) { first, _ in first }
        tokenizerSHA256 = tokenizer
        vocabularySize = try members.count("vocabulary_size")
    }

    package func write(to directory: String) throws {
        let names = shards.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let list = names.map { name, facts in
            JSONValue.object([
                "name": .string(name), "tokens": .integer(facts.tokenCount),
                "documents": .integer(facts.documentCount), "bytes": .integer(facts.fileSize),
                "source_sha256": .string(facts.sourceSHA256),
            ])
        }
        let json = JSONValue.object([
            "format_version": .integer(Self.formatVersion),
            "tokenizer_sha256": .string(tokenizerSHA256),
            "vocabulary_size": .integer(vocabularySize), "shards": .array(list),
        ])
        try PublishedFile.write(
            Array(json.text(isPretty: true).utf8), to: "\(directory)/\(Self.fileName)")
    }

    /// The names of the shards of a part.
    func names(of split: DatasetSplit) -> [String] {
        shards.keys.filter { $0.hasPrefix("\(split.rawValue)-") }
    }

    /// Refuses a directory that lacks shards of a part.
    ///
    /// - Parameter names: the shards of the part that are there.
    func require(_ split: DatasetSplit, among names: Set<String>, in directory: String) throws {
        let missing = self.names(of: split).filter { !names.contains($0) }
        guard let first = missing.min() else { return }
        throw Failure(
            "a token shard is missing", expected: "all shards of \(Self.fileName)",
            got: "none of the name \(first)", at: directory,
            remedy: "copy or prepare it again, or remove \(Self.fileName) to train without it")
    }
}

/// The members of an object of the index.
private struct Members {
    let json: JSONValue
    let path: String

    /// Tokens of all shards must fit an integer.
    private static let largest = 1 << 48

    func damaged(_ expected: String, _ got: JSONValue?) -> Failure {
        Failure(
            "the index of the shards is damaged", expected: expected,
            got: got?.summary ?? "nothing", at: path,
            remedy: "remove it: then each start opens all shards")
    }

    func count(_ name: String) throws -> Int {
        guard let count = json[name]?.integer, (0...Self.largest).contains(count) else {
            throw damaged("a count \(name)", json[name])
        }
        return count
    }

    func text(_ name: String) throws -> String {
        guard let text = json[name]?.string else { throw damaged("a text \(name)", json[name]) }
        return text
    }
}
