import Corpus
import Datasets
import Diagnostics
import Files
import Foundation
import JSON
import ModelFiles
import Training

/// The finished phases of a run, in OUTPUT/phases.json: for each the hashes of the keys that it
/// obeyed and of the files that it read, so that a restart repeats it where they changed, and only
/// then. One rank asks and notes.
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
        guard isKept, try DirectoryEntries.isThere(path),
            let old = try entries()[phase.rawValue]
        else { return false }
        if old["form"] != nil { return try old == entry(.stamps) }
        guard try old == entry(.contents) || old == entry(.paths) else { return false }
        // The next start need not read the whole of large files again.
        try noteFinished()
        return true
    }

    /// Whether the phase was finished once, on whatever inputs.
    func hasEntry() throws -> Bool {
        try DirectoryEntries.isThere(path) && entries()[phase.rawValue] != nil
    }

    func noteFinished() throws {
        guard isKept else { return }
        var entries = try DirectoryEntries.isThere(path) ? try entries() : [:]
        entries[phase.rawValue] = try entry(.stamps)
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
        guard let old = entries[phase.rawValue], try !hasFiles(of: old) else { return [] }
        let moved = try recipe.runs(of: phase).compactMap { run in
            let moved = try Self.setAside(run)
            if let moved, phase == .finetune, recipe.pairwise.prompts != nil {
                try Self.keepBest(of: moved, in: run)
            }
            return moved
        }
        entries[phase.rawValue] = nil
        try write(entries)
        return moved
    }

    /// Whether the files of an entry are those of now.
    private func hasFiles(of old: JSONValue) throws -> Bool {
        let forms: [Form] = old["form"] == nil ? [.contents, .paths] : [.stamps]
        return try forms.contains { old["files"] == .string(try fileHash($0)) }
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

    /// Lets `best`, which a comparison has found, lead to the checkpoint that has stepped aside until another
    /// one wins.
    private static func keepBest(of moved: String, in run: String) throws {
        guard let best = CheckpointStore(directory: moved).bestName else { return }
        let folder = moved.split(separator: "/").last ?? ""
        try DirectoryEntries.make("\(run)/checkpoints", what: "cannot make a directory")
        try PublishedFile.link(
            "\(run)/checkpoints/best", to: best.hasPrefix("../") ? best : "../\(folder)/\(best)")
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

    /// What the hashes of files cover: all of small files, and what tells a large one (`FileStamp`).
    /// `contents` are all bytes, as older programs noted them, and still older ones the `paths` too.
    private enum Form: String { case stamps, contents, paths }

    private func entry(_ form: Form) throws -> JSONValue {
        var members: [String: JSONValue] = [
            "keys": .string(keyHash(form)), "files": .string(try fileHash(form)),
        ]
        if form == .stamps { members["form"] = .string(form.rawValue) }
        return .object(members)
    }

    private func keyHash(_ form: Form) -> String {
        var hash = FileHash()
        for key in Recipe.keys where decides(key) && (form == .stamps || !key.role.isAddedLater) {
            let value = form != .paths ? placed(key) : "\(key.read(recipe))"
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
        for file in try files(form) {
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

    private func files(_ form: Form) throws -> [Input] {
        func file(_ path: String?) throws -> Input? { try Self.file(path, form) }
        return switch phase {
        case .corpus:
            try recipe.corpusSettings.inputFiles().compactMap(file)
        case .prepare:
            try (DirectoryEntries.files(in: recipe.prepare.input) + [recipe.tokenizer.path])
                .compactMap(file)
        case .pretrain:
            try ([recipe.data.train] + recipe.data.sources.map { $0.path }).flatMap {
                try Self.shards($0, recipe.data.placement)
            }
                + [recipe.initial.from].compactMap(file)
        case .finetune:
            try ([recipe] + Variant.all(of: recipe).map(\.recipe))
                .flatMap { try $0.fineTuneInputs }.compactMap(file)
        default: try [recipe.model(for: phase)].compactMap(file)
        }
    }

    /// The shards at a path, whose contents are known by the text and the tokenizer of which they
    /// were made.
    private static func shards(
        _ path: String?, _ placement: DataPlacement
    ) throws -> [Input] {
        guard let path else { return [] }
        // Of shards on many hosts this one may have none; all are compared when the phase begins.
        guard placement == .shared else { return [Input(path: path, content: nil)] }
        let stream = try TokenStream(resolving: path, split: .train)
        return zip(stream.paths, stream.shardFacts).map { path, made in
            Input(path: path, content: "\(made.sourceSHA256) \(made.tokenizerSHA256)")
        }
    }

    /// The file at a path; for a model directory its manifest, which has the hash of each file.
    private static func file(_ path: String?, _ form: Form) throws -> Input? {
        guard let path else { return nil }
        let manifest = "\(path)/\(Manifest.fileName)"
        let file = try DirectoryEntries.isThere(manifest, followsLinks: true) ? manifest : path
        guard try DirectoryEntries.isFile(file) else { return Input(path: path, content: nil) }
        let content =
            form == .stamps
            ? try FileStamp(of: file).text : try FileHash.hash(ofFile: file).sha256
        return Input(path: path, content: content)
    }
}
