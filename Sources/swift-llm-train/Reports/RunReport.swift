import Diagnostics
import Files
import Foundation
import Runs
import Training

/// What `inspect` prints about a run directory, or about the checkpoints in it alone.
struct RunReport {
    /// The path of the run directory; nil for checkpoints alone.
    private let path: String?
    private let store: CheckpointStore
    private let title: String

    init(path: String) {
        self.path = path
        store = CheckpointStore(directory: path + "/checkpoints")
        title = "run \(path)"
    }

    init(checkpointsPath: String) {
        path = nil
        store = CheckpointStore(directory: checkpointsPath)
        title = "checkpoints \(checkpointsPath)"
    }

    static func isRun(_ path: String) throws -> Bool {
        try ["recipe.yaml", "metrics.jsonl", PhaseLedger.fileName].contains {
            try DirectoryEntries.isThere("\(path)/\($0)", followsLinks: true)
        }
    }

    var text: String {
        get throws {
            var lines = [title]
            if let path {
                lines.append("  recipe           \(try recipeName(in: path))")
                let finished = try PhaseLedger.finished(in: path)
                if !finished.isEmpty {
                    lines.append("  finished phases  " + finished.joined(separator: ", "))
                }
            }
            lines.append("  checkpoints      \(try checkpoints())")
            lines.append("  latest           \(try latest())")
            if let path { lines.append("  last metrics     \(try lastMetrics(in: path))") }
            return lines.joined(separator: "\n")
        }
    }

    private func recipeName(in path: String) throws -> String {
        let file = path + "/recipe.yaml"
        guard try DirectoryEntries.isThere(file, followsLinks: true) else { return "none" }
        return try Recipe(decoding: RecipeFile(path: file), isRelocating: false).name
    }

    private func checkpoints() throws -> String {
        let steps = try store.steps
        guard !steps.isEmpty else { return "none" }
        let shown = steps.suffix(8).map(String.init).joined(separator: " ")
        return "\(steps.count), of the steps \(steps.count > 8 ? "... " : "")\(shown)"
    }

    /// The step of the newest one whose hashes all hold, and what was passed over.
    private func latest() throws -> String {
        var passedOver: [String] = []
        let newest = try store.newestComplete { passedOver.append("passed over: \($0.line)") }
        let state = try newest.map { try CheckpointReader.state(in: $0.path) }
        let first = state.map {
            "step \($0.step), \(Quantity.count($0.updateCount, "update")), every hash holds"
        }
        let lines = [first ?? "no complete checkpoint"] + passedOver
        return lines.joined(separator: "\n                   ")
    }

    private func lastMetrics(in path: String) throws -> String {
        let file = path + "/metrics.jsonl"
        guard try DirectoryEntries.isThere(file, followsLinks: true) else { return "none" }
        return try FileLines(of: file).last().map { String(decoding: $0, as: UTF8.self) } ?? "none"
    }
}
