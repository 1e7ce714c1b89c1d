import Diagnostics
import Files
import JSON
import Monitoring

/// How near the plan of a run came to what it was.
struct PlanScore {
    /// The contents of plan.json.
    private let plan: JSONValue
    private let history: RunHistory

    /// Reads RUN/plan.json; nil where the run has none, as those of older programs.
    ///
    /// - Throws: `Failure` where it cannot be read.
    init?(ofRun run: String, _ history: RunHistory) throws {
        let path = "\(run)/\(RunPlan.fileName)"
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
        plan = try JSONValue(parsing: FileReader.bytes(of: path, maximumSize: 1 << 20), at: path)
        self.history = history
    }

    /// What was planned and has been measured.
    var comparisons: [ReportContent.Comparison] {
        [
            comparison(
                "a step", figure("step_seconds"), stepSeconds
            ) { "\(Quantity.number($0 * 1e3)) ms" },
            comparison("all steps", allSteps, wholeSeconds) { RunPlan.duration($0) },
            comparison(
                "memory of the fullest rank", figure("peak_memory_bytes"),
                history.peakMemoryBytes > 0 ? Double(history.peakMemoryBytes) : nil
            ) { Quantity.bytes(Int($0)) },
        ].compactMap { $0 }
    }

    /// A number of the plan that a run can have; whoever wrote the file, none is taken on trust.
    private func figure(_ key: String) -> Double? {
        plan[key]?.double.flatMap { $0 > 0 && $0 < 1e15 ? $0 : nil }
    }

    /// The median: single steps are slow for reasons of their own.
    private var stepSeconds: Double? {
        let speeds = history.tokensPerSecond.points.map(\.mean).filter { $0 > 0 }.sorted()
        guard !speeds.isEmpty, let tokens = figure("tokens_per_step") else { return nil }
        return tokens / speeds[speeds.count / 2]
    }

    private var allSteps: Double? {
        figure("step_seconds").flatMap { step in figure("steps").map { $0 * step } }
    }

    /// The seconds of all steps; nil before the last one, and where some were made by other ranks.
    private var wholeSeconds: Double? {
        guard history.lastStep == plan["steps"]?.integer, plan["first_step"]?.integer == 0,
            history.stepCount == history.lastStep
        else { return nil }
        return history.seconds
    }

    private func comparison(
        _ name: String, _ planned: Double?, _ measured: Double?, _ text: (Double) -> String
    ) -> ReportContent.Comparison? {
        guard let planned, let measured, measured > 0, measured < 1e15 else { return nil }
        return ReportContent.Comparison(
            name: name, planned: text(planned), measured: text(measured),
            ratio: planned / measured)
    }
}
