import Diagnostics
import Files
import Foundation
import ModelFiles
import Models
import Tokenizers
import Training

/// What `inspect` tells of a model directory, which a checkpoint is too.
struct ModelReport {
    let path: String

    /// - Throws: `Failure` that names the first file that is missing or altered.
    var text: String {
        get throws {
            let manifest = try verifiedManifest()
            let isCheckpoint = InspectReport.exists(path + "/" + TrainerState.fileName)
            let files = try ModelDirectory(reading: path)
            let shapes = files.configuration.tensorShapes
            let count = shapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
            var lines = [
                "\(isCheckpoint ? "checkpoint" : "model directory") \(path)",
                "  model            \(files.model.summary)",
                "  parameters       \(count) in \(shapes.count) tensors",
            ]
            if let tokenizer = try? TokenizerFile.load(path) {
                lines.append(
                    "  tokenizer        \(tokenizer.kind.rawValue), "
                        + "\(tokenizer.vocabularySize) tokens")
            }
            if let template = try? ChatSetup.kept(in: path) {
                lines.append("  chat template    \(template.name): talk to it with chat")
            }
            if isCheckpoint { lines += try stateLines() }
            lines.append("  size             \(Quantity.bytes(try size()))")
            lines.append(
                "  hashes           "
                    + (manifest.map { "all \($0.files.count) files are as they were written" }
                        ?? "no manifest.json to check the files against"))
            return lines.joined(separator: "\n")
        }
    }

    private func verifiedManifest() throws -> Manifest? {
        guard InspectReport.exists(path + "/" + Manifest.fileName) else { return nil }
        return try Manifest.verify(path)
    }

    private func stateLines() throws -> [String] {
        let state = try CheckpointReader.state(in: path)
        return [
            "  step             \(state.step), \(state.updateCount) updates",
            "  lanes            \(state.laneCount): resumes on up to "
                + Quantity.count(state.laneCount, "rank"),
        ]
    }

    /// Of the files in the directory itself.
    private func size() throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return names.reduce(0) { sum, name in
            var status = stat()
            let isFile =
                stat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            return sum + (isFile ? Int(status.st_size) : 0)
        }
    }
}
