import Diagnostics
import Foundation
import ModelFiles
import Tokenizers

/// What `inspect` prints about a GGUF file.
struct GGUFReport {
    let path: String

    /// - Throws: `Failure` for a damaged file.
    var text: String {
        get throws {
            let header = try GGUFHeader(path: path)
            var counts: [GGUFType: (tensors: Int, bytes: Int)] = [:]
            for entry in header.entries {
                let count = counts[entry.type] ?? (0, 0)
                counts[entry.type] = (count.tensors + 1, count.bytes + entry.range.count)
            }
            let elements = header.entries.reduce(0) { $0 + $1.elementCount }
            let name = try header.metadata.text("general.name")
            let lines = [
                "GGUF file \(path)", "  name             \(name ?? "none")",
                "  model            \(model)",
                "  parameters       \(elements) in "
                    + Quantity.count(header.entries.count, "tensor"),
                "  tokenizer        \(tokenizer)",
            ]
            let types = counts.sorted { $0.value.bytes > $1.value.bytes }.map { type, count in
                "  \(type.name.padding(toLength: 15, withPad: " ", startingAt: 0))  "
                    + "\(Quantity.count(count.tensors, "tensor")), \(Quantity.bytes(count.bytes))"
            }
            return (lines + types).joined(separator: "\n")
        }
    }

    /// The sizes, or why this program does not compute it.
    private var model: String {
        do { return try GGUFSource(reading: path).model.summary } catch { return "\(error.line)" }
    }

    private var tokenizer: String {
        guard let tokenizer = try? StoredModelFormat.tokenizer(path) else { return "not read" }
        return "\(tokenizer.kind.rawValue), \(Quantity.count(tokenizer.vocabularySize, "token"))"
    }
}
