import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles
import Training

/// What a run has finished, in OUTPUT/phases.json: for each phase the hash of its inputs, so that a
/// restart repeats it where they changed, and only then.
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
        return try entries()[phase.rawValue] == .string(inputHash())
    }

    /// Whether the phase was finished once, on whatever inputs.
    func hasEntry() throws -> Bool {
        try DirectoryEntries.exists(path) && entries()[phase.rawValue] != nil
    }

    func noteFinished() throws {
        guard isKept else { return }
        var entries = DirectoryEntries.exists(path) ? try entries() : [:]
        entries[phase.rawValue] = .string(try inputHash())
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

    /// Of the keys that the phase obeys and the files that it reads.
    private func inputHash() throws -> String {
        var hash = FileHash()
        let blocks = Self.blocks[phase] ?? []
        for key in Recipe.keys where key.block.map(blocks.contains) ?? (key.key == "seed") {
            hash.update(text: "\(key.path)=\(key.read(recipe))\n")
        }
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
            try [recipe.data.train.map { $0 + "/tokenizer.json" }, recipe.initial.from]
                .compactMap(Self.file)
        case .finetune:
            try
                (recipe.finetune.data + recipe.finetune.validation + recipe.finetune.test
                + [recipe.fineTuneSource]).compactMap(Self.file)
        default: try [recipe.model(for: phase)].compactMap(Self.file)
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
