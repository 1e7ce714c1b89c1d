import Diagnostics
import Files
import Foundation
import ModelFiles
import Tokenizers
import Training

/// What `inspect` prints about models and adapters alike.
struct DirectoryFacts {
    let path: String

    var isCheckpoint: Bool {
        get throws {
            try DirectoryEntries.isThere(path + "/" + TrainerState.fileName, followsLinks: true)
        }
    }

    /// - Throws: `Failure` that names the first file that is missing or altered.
    var hashes: String {
        get throws {
            let manifest =
                try DirectoryEntries.isThere(path + "/" + Manifest.fileName, followsLinks: true)
                ? try Manifest.verify(path) : nil
            return "  hashes           "
                + (manifest.map { "all \($0.files.count) files are as they were written" }
                    ?? "no manifest.json to check the files against")
        }
    }

    /// The lines about the tokenizer, the chat template, the state of the run and the size.
    var lines: [String] {
        get throws {
            var lines: [String] = []
            if let tokenizer = try? TokenizerFile.load(path) {
                lines.append(
                    "  tokenizer        \(tokenizer.kind.rawValue), "
                        + "\(Quantity.count(tokenizer.vocabularySize, "token"))")
            }
            if let template = try? ChatTemplate.kept(in: path) {
                lines.append("  chat template    \(template.name): talk to it with chat")
            }
            if try isCheckpoint { lines += try stateLines() }
            return lines + ["  size             \(Quantity.bytes(try size()))"]
        }
    }

    private func stateLines() throws -> [String] {
        let state = try CheckpointReader.state(in: path)
        return [
            "  step             \(state.step), \(Quantity.count(state.updateCount, "update"))",
            "  lanes            \(state.laneCount): resumes on up to "
                + Quantity.count(state.laneCount, "rank"),
        ]
    }

    /// The bytes of the files in the directory itself.
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
