import Diagnostics
import Foundation
import ModelFiles
import Training

/// What `inspect` tells of a run directory.
struct RunReport {
    let path: String

    static func isRun(_ path: String) -> Bool {
        InspectReport.exists(path + "/recipe.yaml") || InspectReport.exists(path + "/metrics.jsonl")
    }

    var text: String {
        get throws {
            [
                "run \(path)",
                "  recipe           \(try recipeName())",
                "  checkpoints      \(checkpoints())",
                "  latest           \(try latest())",
                "  last metrics     \(try lastMetrics())",
            ].joined(separator: "\n")
        }
    }

    private func recipeName() throws -> String {
        let file = path + "/recipe.yaml"
        guard InspectReport.exists(file) else { return "none" }
        return try Recipe(decoding: RecipeFile(path: file)).name
    }

    private var store: CheckpointStore { CheckpointStore(directory: path + "/checkpoints") }

    private func checkpoints() -> String {
        let steps = store.steps
        guard !steps.isEmpty else { return "none" }
        let shown = steps.suffix(8).map(String.init).joined(separator: " ")
        return "\(steps.count), of the steps \(steps.count > 8 ? "... " : "")\(shown)"
    }

    /// The step of the newest one whose hashes all hold, and what was passed over.
    private func latest() throws -> String {
        var passedOver: [String] = []
        let newest = store.newestComplete { passedOver.append("passed over: \($0.line)") }
        let state = try newest.map { try CheckpointReader.state(in: $0) }
        let first = state.map {
            "step \($0.step), \($0.updateCount) updates, every hash holds"
        }
        let lines = [first ?? "no complete checkpoint"] + passedOver
        return lines.joined(separator: "\n                   ")
    }

    private func lastMetrics() throws -> String {
        let file = path + "/metrics.jsonl"
        guard InspectReport.exists(file) else { return "none" }
        let lines = try FileReader.bytes(of: file).split(separator: UInt8(ascii: "\n"))
        return lines.last.map { String(decoding: $0, as: UTF8.self) } ?? "none"
    }
}
