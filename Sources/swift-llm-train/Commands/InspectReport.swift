import Datasets
import Diagnostics
import Foundation
import ModelFiles
import Models
import Tokenizers
import Training

/// What `inspect` tells of a path.
enum InspectReport {
    static func text(of path: String) throws -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure("there is nothing to inspect", at: path, remedy: "check the path")
        }
        return isDirectory.boolValue ? try directory(path) : try shard(path)
    }

    private static func shard(_ path: String) throws -> String {
        "\(try ShardDescription(path: path))"
    }

    private static func directory(_ path: String) throws -> String {
        let shards = DatasetSplit.allCases.flatMap {
            (try? DatasetFiles.resolve(path, split: $0)) ?? []
        }
        guard shards.isEmpty else {
            return try shards.map(shard).joined(separator: "\n\n")
        }
        return try model(path)
    }

    private static func model(_ path: String) throws -> String {
        let files = try ModelDirectory(reading: path)
        let shapes = files.model.tensorShapes
        let count = shapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
        var lines = [
            "model directory \(path)", "  \(files.model.summary)",
            "  \(count) parameters in \(shapes.count) tensors",
        ]
        if let tokenizer = try? TokenizerFile.load(path) {
            lines.append(
                "  tokenizer: \(tokenizer.kind.rawValue), \(tokenizer.vocabularySize) tokens")
        }
        if FileManager.default.fileExists(atPath: path + "/" + TrainerState.fileName) {
            let state = try CheckpointReader.state(in: path)
            lines.append(
                "  checkpoint of step \(state.step), \(state.updateCount) updates, "
                    + "\(state.laneCount) lanes")
        }
        if FileManager.default.fileExists(atPath: path + "/" + Manifest.fileName) {
            let manifest = try Manifest.verify(path)
            lines.append("  all \(manifest.files.count) files have the hashes of the manifest")
        }
        return lines.joined(separator: "\n")
    }
}
