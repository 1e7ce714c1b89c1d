import Diagnostics
import ModelFiles

/// What `inspect` prints about a model directory, which a checkpoint is too.
struct ModelReport {
    let path: String

    /// - Throws: `Failure` that names the first file that is missing or altered.
    var text: String {
        get throws {
            let files = DirectoryFacts(path: path)
            let hashes = try files.hashes
            let model = try ModelDirectory(reading: path)
            let shapes = model.configuration.tensorShapes
            let count = shapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
            var lines = [
                "\(try files.isCheckpoint ? "checkpoint" : "model directory") \(path)",
                "  model            \(model.model.summary)",
                "  parameters       \(count) in \(Quantity.count(shapes.count, "tensor"))",
            ]
            if let labels = model.configuration.labels {
                lines.append("  classes          " + labels.joined(separator: ", "))
            }
            return (lines + (try files.lines) + [hashes]).joined(separator: "\n")
        }
    }
}
