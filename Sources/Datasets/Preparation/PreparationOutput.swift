import Diagnostics
import Files
import Glibc
import Tokenizers

/// The shard directory that a preparation fills.
///
/// One process opens it, then all carry out the jobs, then one finishes it. `index.json` and then
/// `tokenizer.json` come last, so that where it lies beside shards they are all there.
package struct PreparationOutput: Sendable {
    package let directory: String
    private let tokenizerJSON: [UInt8]

    /// Makes the directory ready, creating it where it is missing.
    ///
    /// - Parameter isReplacing: removes the shards and the tokenizer.json of an earlier preparation
    ///   first. Otherwise any shard is refused, whatever its number, because one left over would
    ///   become part of the stream; so is a tokenizer.json with other bytes.
    package init(directory: String, tokenizer: some Tokenizer, isReplacing: Bool = false) throws {
        self.directory = directory
        tokenizerJSON = tokenizer.tokenizerJSON
        try DirectoryEntries.make(directory, what: "cannot create the output directory")
        try SystemCall.check("cannot write to the output directory", at: directory) {
            access("\(directory)/.", W_OK | X_OK)
        }
        var existing = try DatasetSplit.allCases.flatMap {
            try DatasetFiles.matches(of: "\(DatasetFiles.escaped(directory))/\($0.rawValue)-*.h5")
        }
        if try DirectoryEntries.isThere(tokenizerPath), try !hasTokenizer() {
            existing.append(tokenizerPath)
        }
        guard isReplacing || existing.isEmpty else {
            throw Failure(
                "the output directory holds a preparation already", expected: "none of its files",
                got: existing[0], at: directory,
                remedy: "choose another output, or remove what is there", kind: .usage)
        }
        // An index without shards, or of those that go now, tells nothing.
        let index = "\(directory)/\(ShardIndex.fileName)"
        for path in existing + (try DirectoryEntries.isThere(index) ? [index] : []) {
            try SystemCall.check("cannot remove a file", at: path) { unlink(path) }
        }
    }

    /// Writes the index of the shards, and tokenizer.json, byte for byte what the tokenizer gives.
    package func finish(_ summaries: [ShardSummary], tokenizer: some Tokenizer) throws {
        let sha256 = tokenizer.tokenizerSHA256
        let shards = summaries.map { ($0.name, $0.facts(tokenizerSHA256: sha256)) }
        try ShardIndex(Dictionary(uniqueKeysWithValues: shards), tokenizer: tokenizer)
            .write(to: directory)
        if try DirectoryEntries.isThere(tokenizerPath), try hasTokenizer() { return }
        try PublishedFile.create(at: tokenizerPath) { try FileWriter.write(tokenizerJSON, to: $0) }
    }

    private var tokenizerPath: String { "\(directory)/tokenizer.json" }

    private func hasTokenizer() throws -> Bool {
        let file = try SourceText(path: tokenizerPath)
        return try file.size == tokenizerJSON.count
            && file.bytes(0..<file.size) == tokenizerJSON
    }
}
