import Diagnostics
import ModelFiles

/// What `inspect` prints about a PEFT directory.
struct AdapterReport {
    let path: String

    /// - Throws: `Failure` that names the first file that is missing or altered.
    var text: String {
        get throws {
            let files = DirectoryFacts(path: path)
            let hashes = try files.hashes
            let adapter = try AdapterDirectory(reading: path)
            let lora = adapter.configuration.lora
            let kinds = [
                lora.isRankStabilized ? "rsLoRA" : nil, lora.decomposesWeights ? "DoRA" : nil,
            ].compactMap { $0 }
            var lines = [
                "adapter \(path)",
                "  method           " + (kinds.isEmpty ? "LoRA" : kinds.joined(separator: ", "))
                    + ", rank \(lora.rank), alpha \(lora.alpha), dropout \(lora.dropoutRate)",
                "  modules          " + lora.targetModules.joined(separator: ", "),
                "  parameters       \(adapter.parameterCount) in \(Quantity.count(adapter.tensorCount, "tensor"))",
                "  base             " + base(of: adapter),
            ]
            if let labels = adapter.labels {
                lines.append("  classes          " + labels.joined(separator: ", "))
            }
            return (lines + (try files.lines) + [hashes]).joined(separator: "\n")
        }
    }

    /// An adapter can be looked at without its base.
    private func base(of adapter: AdapterDirectory) -> String {
        do {
            let directory = try adapter.basePath()
            return "\(directory): \(try ModelDirectory(reading: directory).model.summary)"
        } catch {
            return "not there: \(adapter.configuration.basePath ?? "none is named")"
        }
    }
}
