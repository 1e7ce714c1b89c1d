import Datasets
import Diagnostics
import Files
import Foundation
import ModelFiles
import Tokenizers
import Training

/// What `inspect` prints about a path.
package struct InspectReport {
    /// Whether shards are read from beginning to end.
    package var isVerifying: Bool

    package init(isVerifying: Bool = false) {
        self.isVerifying = isVerifying
    }

    /// - Throws: `Failure` for what is none of these things, and for what is damaged.
    package func text(of path: String) throws -> String {
        guard try Self.exists(path) else {
            let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
            throw Failure(
                "there is nothing to inspect", expected: "a file or a directory",
                got: isLink ? "a link that leads nowhere" : "nothing of that name", at: path,
                remedy: "check the path")
        }
        guard try DirectoryEntries.isFolder(path) else { return try file(path) }
        return try directory(path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
    }

    private func file(_ path: String) throws -> String {
        if path.hasSuffix(".safetensors") { return try Self.tensors(path) }
        if path.hasSuffix(".json") { return try Self.tokenizer(path) }
        if try GGUFHeader.begins(path) { return try GGUFReport(path: path).text }
        guard try path.hasSuffix(".h5") || HDF5File.isHDF5(path) else {
            throw Failure(
                "cannot tell what this file is",
                expected: "a token shard (*.h5), *.safetensors, *.gguf or tokenizer.json",
                got: "other bytes", at: path, remedy: "name one of those")
        }
        return try ShardReport(path: path, isVerifying: isVerifying).text
    }

    private func directory(_ path: String) throws -> String {
        let shards = DatasetSplit.allCases.flatMap {
            (try? DatasetFiles.resolve(path, split: $0)) ?? []
        }
        if !shards.isEmpty {
            return try shards.map { try ShardReport(path: $0, isVerifying: isVerifying).text }
                .joined(separator: "\n\n")
        }
        if try AdapterDirectory.exists(at: path) { return try AdapterReport(path: path).text }
        if try Self.exists(path + "/config.json") { return try ModelReport(path: path).text }
        if try !CheckpointStore(directory: path).steps.isEmpty {
            return try RunReport(checkpointsPath: path).text
        }
        if try RunReport.isRun(path) { return try RunReport(path: path).text }
        throw Failure(
            "cannot tell what this directory is",
            expected: "shards (train-*.h5), a model (config.json), an adapter "
                + "(adapter_config.json) or a run (recipe.yaml)",
            got: Self.contents(path), at: path, remedy: "name one of those")
    }

    /// Whether a path, with the links in it, leads to something.
    static func exists(_ path: String) throws -> Bool {
        try DirectoryEntries.isThere(path, followsLinks: true)
    }

    /// The first names in a directory.
    private static func contents(_ path: String) -> String {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        guard !names.isEmpty else { return "an empty directory" }
        return names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " ..." : "")
    }

    private static func tensors(_ path: String) throws -> String {
        let file = try SafetensorsFile(path: path)
        let lines = file.entries.map { "  \($0.name)  \($0.type.rawValue) \($0.shape)" }
        let count = file.entries.reduce(0) { $0 + $1.elementCount }
        return
            ([
                "tensors \(path)",
                "  \(Quantity.count(count, "element")) in \(Quantity.count(file.entries.count, "tensor"))",
            ] + lines)
            .joined(separator: "\n")
    }

    private static func tokenizer(_ path: String) throws -> String {
        let tokenizer = try TokenizerFile.load(path)
        return """
            tokenizer \(path)
              kind             \(tokenizer.kind.rawValue)
              vocabulary size  \(tokenizer.vocabularySize)
              end of text      \(tokenizer.endOfTextID.map { "\($0)" } ?? "none")
              sha256           \(tokenizer.tokenizerSHA256)
            """
    }
}
