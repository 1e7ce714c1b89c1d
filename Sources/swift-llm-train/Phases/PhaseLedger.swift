import Datasets
import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles
import Training

/// What a run has finished, in OUTPUT/phases.json: for each phase the hashes of the keys that it obeyed
/// and of the files that it read, so that a restart repeats it where they changed, and only then.
struct PhaseLedger {
    let recipe: Recipe
    let phase: Recipe.Phase

    static let fileName = "phases.json"

    private var path: String { "\(recipe.output)/\(Self.fileName)" }

    /// The phases that a run directory says are finished, in the order of a recipe.
    static func finished(in directory: String) throws -> [String] {
        let path = "\(directory)/\(fileName)"
        guard DirectoryEntries.exists(path) else { return [] }
        let entries = try entries(of: path)
        return Recipe.Phase.allCases.map(\.rawValue).filter { entries[$0] != nil }
    }

    /// Phases that show something make it again.
    private var isKept: Bool { phase != .evaluate && phase != .generate }

    func isFinished() throws -> Bool {
        guard isKept, DirectoryEntries.exists(path) else { return false }
        return try entries()[phase.rawValue] == entry()
    }

    /// Whether the phase was finished once, on whatever inputs.
    func hasEntry() throws -> Bool {
        try DirectoryEntries.exists(path) && entries()[phase.rawValue] != nil
    }

    func noteFinished() throws {
        guard isKept else { return }
        var entries = DirectoryEntries.exists(path) ? try entries() : [:]
        entries[phase.rawValue] = try entry()
        try write(entries)
    }

    /// Lets a training that was finished on files that are others now begin again: its checkpoints step
    /// aside, and stay.
    ///
    /// - Returns: where they are.
    func setOutdatedAside() throws -> [String] {
        guard phase == .pretrain || phase == .finetune, DirectoryEntries.exists(path) else {
            return []
        }
        var entries = try entries()
        guard let old = entries[phase.rawValue], old["files"] != .string(try fileHash()) else {
            return []
        }
        let moved = try recipe.runs(of: phase).compactMap(Self.setAside)
        entries[phase.rawValue] = nil
        try write(entries)
        return moved
    }

    /// Gives the checkpoints of a run the first name that is free; nil where there are none.
    private static func setAside(_ run: String) throws -> String? {
        let checkpoints = "\(run)/checkpoints"
        guard DirectoryEntries.exists(checkpoints) else { return nil }
        var number = 1
        while DirectoryEntries.exists("\(checkpoints)-\(number)") { number += 1 }
        try FileManager.default.moveItem(atPath: checkpoints, toPath: "\(checkpoints)-\(number)")
        return "\(checkpoints)-\(number)"
    }

    private func write(_ entries: [String: JSONValue]) throws {
        try FileManager.default.createDirectory(
            atPath: recipe.output, withIntermediateDirectories: true)
        let text = JSONValue.object(entries).text(isPretty: true)
        try PublishedFile.write(Array(text.utf8), to: path)
    }

    private func entries() throws -> [String: JSONValue] { try Self.entries(of: path) }

    private static func entries(of path: String) throws -> [String: JSONValue] {
        let json = try JSONValue(parsing: FileReader.bytes(of: path), at: path)
        guard let entries = json.object else {
            throw Failure(
                "the list of finished phases is damaged", expected: "a JSON object",
                got: json.summary, at: path, remedy: "remove it, then phases are repeated")
        }
        return entries
    }

    private func entry() throws -> JSONValue {
        .object(["keys": .string(keyHash), "files": .string(try fileHash())])
    }

    private var keyHash: String {
        var hash = FileHash()
        let blocks = Self.blocks[phase] ?? []
        for key in Recipe.keys where key.block.map(blocks.contains) ?? (key.key == "seed") {
            hash.update(text: "\(key.path)=\(key.read(recipe))\n")
        }
        return hash.finish().sha256
    }

    private func fileHash() throws -> String {
        var hash = FileHash()
        for file in try files() { hash.update(text: "\(file)\n") }
        return hash.finish().sha256
    }

    private static let blocks: [Recipe.Phase: Set<String>] = [
        .prepare: ["tokenizer", "prepare"],
        .pretrain: ["data", "model", "init", "train", "optimizer"],
        .finetune: ["finetune", "finetune.train", "finetune.optimizer", "lora"],
        .merge: ["merge"], .export: ["export"],
    ]

    /// Each with the hash of what it holds.
    private func files() throws -> [String] {
        switch phase {
        case .prepare: try (recipe.prepare.input + [recipe.tokenizer.path]).compactMap(Self.file)
        case .pretrain:
            try Self.shards(recipe.data.train) + [recipe.initial.from].compactMap(Self.file)
        case .finetune:
            try ([recipe] + Variant.all(of: recipe).map(\.recipe))
                .flatMap(\.fineTuneInputs).compactMap(Self.file)
        default: try [recipe.model(for: phase)].compactMap(Self.file)
        }
    }

    /// Shards tell of which text and by which tokenizer they were made.
    private static func shards(_ path: String?) throws -> [String] {
        guard let path else { return [] }
        return try DatasetFiles.resolve(path, split: .train).map { path in
            let made = try TokenShard(path: path).attributes
            return "\(path) \(made.sourceSHA256) \(made.tokenizerSHA256)"
        }
    }

    /// A model directory stands for its manifest, which has the hash of each file.
    private static func file(_ path: String?) throws -> String? {
        guard let path else { return nil }
        let manifest = "\(path)/\(Manifest.fileName)"
        let file = DirectoryEntries.exists(manifest) ? manifest : path
        var status = stat()
        guard stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return path }
        return "\(path) \(try FileHash.hash(ofFile: file).sha256)"
    }
}
