import Datasets
import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles

/// The finished phases of a run, in OUTPUT/phases.json: for each the hashes of the keys that it
/// obeyed and of the files that it read, so that a restart repeats it where they changed, and only
/// then.
package struct PhaseLedger {
    package let recipe: Recipe
    package let phase: Recipe.Phase

    package static let fileName = "phases.json"

    private var path: String { "\(recipe.output)/\(Self.fileName)" }

    /// The phases that a run directory records as finished, in the order of a recipe.
    package static func finished(in directory: String) throws -> [String] {
        let path = "\(directory)/\(fileName)"
        guard try DirectoryEntries.isThere(path) else { return [] }
        let entries = try entries(of: path)
        return Recipe.Phase.allCases.map(\.rawValue).filter { entries[$0] != nil }
    }

    /// Phases that show something make it again.
    private var isKept: Bool { phase != .evaluate && phase != .generate }

    func isFinished() throws -> Bool {
        guard isKept, try DirectoryEntries.isThere(path) else { return false }
        let old = try entries()[phase.rawValue]
        return try old == entry(.contents) || old == entry(.paths)
    }

    /// Whether the phase was finished once, on whatever inputs.
    func hasEntry() throws -> Bool {
        try DirectoryEntries.isThere(path) && entries()[phase.rawValue] != nil
    }

    func noteFinished() throws {
        guard isKept else { return }
        var entries = try DirectoryEntries.isThere(path) ? try entries() : [:]
        entries[phase.rawValue] = try entry(.contents)
        try write(entries)
    }

    /// Lets a training that was finished on files that are others now begin again: its checkpoints step
    /// aside, and stay.
    ///
    /// - Returns: where they are.
    func setOutdatedAside() throws -> [String] {
        guard phase == .pretrain || phase == .finetune, try DirectoryEntries.isThere(path) else {
            return []
        }
        var entries = try entries()
        guard let old = entries[phase.rawValue],
            old["files"] != .string(try fileHash(.contents)),
            old["files"] != .string(try fileHash(.paths))
        else { return [] }
        let moved = try recipe.runs(of: phase).compactMap(Self.setAside)
        entries[phase.rawValue] = nil
        try write(entries)
        return moved
    }

    /// Gives the checkpoints of a run, and the metrics that mention them, the first name that is
    /// free; nil where there are none.
    private static func setAside(_ run: String) throws -> String? {
        let (checkpoints, metrics) = ("\(run)/checkpoints", "\(run)/metrics.jsonl")
        guard try DirectoryEntries.isThere(checkpoints) else { return nil }
        var number = 1
        while try DirectoryEntries.isThere("\(checkpoints)-\(number)") { number += 1 }
        // First, since metrics without the checkpoints that they tell of are refused.
        if try DirectoryEntries.isThere(metrics) {
            try FileManager.default.moveItem(
                atPath: metrics, toPath: "\(run)/metrics-\(number).jsonl")
        }
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

    /// What the hashes of files cover: `contents` stay the same wherever a run and its files are
    /// moved; older programs noted the `paths` too.
    private enum Form { case contents, paths }

    private func entry(_ form: Form) throws -> JSONValue {
        .object(["keys": .string(keyHash(form)), "files": .string(try fileHash(form))])
    }

    private func keyHash(_ form: Form) -> String {
        var hash = FileHash()
        for key in Recipe.keys where decides(key) {
            let value = form == .contents ? placed(key) : "\(key.read(recipe))"
            hash.update(text: "\(key.path)=\(value)\n")
        }
        return hash.finish().sha256
    }

    /// The value of a key without the place of the run: what is read counts by its contents, what is
    /// made by where in the run it lies.
    private func placed(_ key: RecipeKey) -> String {
        let value = "\(key.read(recipe))"
        switch key.pathRole {
        case nil: return value
        case .input, .inputOrName: return "read"
        case .output: return value.replacingOccurrences(of: recipe.output, with: "RUN")
        }
    }

    /// Whether the phase is repeated where the key has changed.
    private func decides(_ key: RecipeKey) -> Bool {
        key.block == nil ? key.effect == .decidesWeights : key.traits.remakes == phase
    }

    private func fileHash(_ form: Form) throws -> String {
        var hash = FileHash()
        for file in try files() {
            let text = [form == .paths || file.content == nil ? file.path : nil, file.content]
            hash.update(text: text.compactMap { $0 }.joined(separator: " ") + "\n")
        }
        return hash.finish().sha256
    }

    /// A file that a phase read, and a hash that distinguishes its contents; nil where there is
    /// none.
    private struct Input {
        let path: String
        let content: String?
    }

    private func files() throws -> [Input] {
        switch phase {
        case .prepare:
            try (DirectoryEntries.files(in: recipe.prepare.input) + [recipe.tokenizer.path])
                .compactMap(Self.file)
        case .pretrain:
            try Self.shards(recipe.data.train) + [recipe.initial.from].compactMap(Self.file)
        case .finetune:
            try ([recipe] + Variant.all(of: recipe).map(\.recipe))
                .flatMap { try $0.fineTuneInputs }.compactMap(Self.file)
        default: try [recipe.model(for: phase)].compactMap(Self.file)
        }
    }

    /// The shards at a path, whose contents are known by the text and the tokenizer of which they
    /// were made.
    private static func shards(_ path: String?) throws -> [Input] {
        guard let path else { return [] }
        return try DatasetFiles.resolve(path, split: .train).map { path in
            let made = try TokenShard(path: path).attributes
            return Input(path: path, content: "\(made.sourceSHA256) \(made.tokenizerSHA256)")
        }
    }

    /// The file at a path; for a model directory its manifest, which has the hash of each file.
    private static func file(_ path: String?) throws -> Input? {
        guard let path else { return nil }
        let manifest = "\(path)/\(Manifest.fileName)"
        let file = try DirectoryEntries.isThere(manifest, followsLinks: true) ? manifest : path
        guard try DirectoryEntries.isFile(file) else { return Input(path: path, content: nil) }
        return Input(path: path, content: try FileHash.hash(ofFile: file).sha256)
    }
}
