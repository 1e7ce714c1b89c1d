import Diagnostics
import Files
import Foundation
import Monitoring
import Training

/// Gathers what a report tells of a run from its directory, which may be half-written, of an older
/// program, or still at work; and writes RUN/report.html.
package struct RunReporter {
    /// The run directory.
    private let run: String

    package static let fileName = "report.html"

    package init(ofRun run: String) {
        self.run = run.count > 1 && run.hasSuffix("/") ? String(run.dropLast()) : run
    }

    /// What a dashboard shows of a run beside its curves.
    @Sendable
    package static func describe(_ run: String, _ history: RunHistory) throws -> ReportContent {
        try RunReporter(ofRun: run).content(history: history)
    }

    /// - Parameter history: what was read of the metrics already; nil reads them.
    /// - Throws: `Failure` for what is no run directory, and for metrics that cannot be read; what else is
    ///   missing is told in the report.
    package func content(history: RunHistory? = nil) throws -> ReportContent {
        let marks = try ["recipe.yaml", "metrics.jsonl"].filter {
            try DirectoryEntries.isThere("\(run)/\($0)", followsLinks: true)
        }
        guard !marks.isEmpty else {
            throw Failure(
                "this is no run directory", expected: "recipe.yaml or metrics.jsonl in it",
                got: try DirectoryEntries.isThere(run, followsLinks: true)
                    ? "neither" : "nothing of that name",
                at: run, remedy: "name the output of a run, such as runs/NAME", kind: .usage)
        }
        var content = ReportContent(
            title: run, history: try history ?? RunHistory(ofMetrics: run + "/metrics.jsonl"))
        note(history: content.history, in: &content.gaps)
        let checkpoint = ReportedCheckpoint(in: run, &content.gaps)
        let recipe = reading("recipe.yaml", &content.gaps) {
            try Recipe(decoding: RecipeFile(path: run + "/recipe.yaml"))
        }
        content.facts = RunFacts(recipe: recipe, checkpoint: checkpoint, run: run).facts
        if let recipe {
            content.title = recipe.name
            content.recipe = recipe.announcedYAML
        }
        content.plannedStepCount = plannedStepCount(recipe)
        let records = RunRecords(ofRun: run)
        content.samples = reading("samples.jsonl", &content.gaps, records.samples) ?? []
        content.evaluations = reading("evaluations.jsonl", &content.gaps, records.evaluations) ?? []
        content.comparisons =
            reading(RunPlan.fileName, &content.gaps) {
                try PlanScore(ofRun: run, content.history)?.comparisons ?? []
            } ?? []
        content.times =
            reading(TraceSummary.fileName, &content.gaps) { try TraceSummary(ofRun: run) } ?? nil
        content.usage = ModelUsage(checkpoint: checkpoint, recipe: recipe, run: run).usage
        return content
    }

    /// Writes the page into the run directory, or elsewhere.
    ///
    /// - Returns: its path.
    @discardableResult
    package func write(to path: String? = nil) throws -> String {
        let path = path ?? "\(run)/\(Self.fileName)"
        let page = ReportPage(try content()).html
        do {
            try PublishedFile.write(Array(page.utf8), to: path)
        } catch var failure as Failure {
            failure.remedy = "name another file with --output"
            throw failure
        }
        return path
    }

    /// Writes the page at the end of a run, which goes well without one: what is wrong is a warning.
    ///
    /// - Returns: its path; nil where there is none.
    @discardableResult
    package func writeAtEnd() -> String? {
        do {
            guard try DirectoryEntries.isThere(run + "/metrics.jsonl") else { return nil }
            return try write()
        } catch {
            let line = (error as? Failure)?.line ?? "\(error)"
            Console.write("warning: no report: \(line)\n", to: .standardError)
            return nil
        }
    }

    private func plannedStepCount(_ recipe: Recipe?) -> Int? {
        let last = (try? ScheduleHistory(ofRun: run))?.entries.last?.stepCount
        return last ?? recipe?.train.steps
    }

    private func note(history: RunHistory, in gaps: inout [String]) {
        if history.isCutOff { gaps.append("metrics.jsonl: its last line was cut off") }
        if history.damagedLineCount > 0 {
            gaps.append(
                "metrics.jsonl: \(Quantity.count(history.damagedLineCount, "damaged line"))")
        }
    }

    private func reading<Value>(
        _ name: String, _ gaps: inout [String], _ read: () throws -> Value
    ) -> Value? {
        do {
            return try read()
        } catch {
            gaps.append("\(name): \((error as? Failure)?.line ?? "\(error)")")
            return nil
        }
    }
}
