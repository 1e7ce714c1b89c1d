import Foundation
import JSON

/// A run as the page of a dashboard gets it.
struct DashboardRun {
    let path: String
    let state: FollowedRun.State
    private let index: Int
    private let run: FollowedRun

    init(_ run: FollowedRun, number: Int) {
        (path, state, index) = (run.path, run.snapshot, number)
        self.run = run
    }

    /// What the list of runs shows. A clock that jumps gives no age below zero.
    var summary: JSONValue {
        let history = state.history
        let age = max(0, Date.now.timeIntervalSince1970 - state.modified)
        return .object([
            "number": .integer(index), "path": .string(path), "step": .integer(history.lastStep),
            "loss": number(history.lastLoss), "validation": number(history.validations.last?.loss),
            "read": .number(state.share), "seconds_since_written": .number(age),
            "warnings": .integer(history.warnings.count), "kind": .string(history.kind.rawValue),
        ])
    }

    /// What a report tells, for a page that draws it itself.
    func details(_ content: ReportContent) -> JSONValue {
        let history = state.history
        let events = history.events.suffix(50).map { event -> JSONValue in
            .object([
                "step": .integer(event.step), "message": .string(event.message),
                "is_warning": .boolean(event.isWarning),
            ])
        }
        return .object([
            "title": .string(content.title), "steps": integer(content.plannedStepCount),
            "tiles": facts(ReportFigures(content).tiles), "facts": facts(content.facts),
            "verdicts": .array(
                history.verdicts(plannedCount: content.plannedStepCount).map {
                    .array([.string($0.kind.rawValue), .string($0.text)])
                }),
            "recipe": .string(content.recipe), "events": .array(events),
            "checkpoints": .array(history.savedSteps.suffix(50).map(JSONValue.integer)),
            "plan": .array(
                content.comparisons.map { .array($0.cells.map(JSONValue.string)) }),
            "samples": .array(content.samples.map(sample)),
            "evaluations": .array(content.evaluations.map(evaluation)),
            "usage": facts(content.usage.map { .init($0.purpose, $0.command) }),
            "gaps": .array(content.gaps.map(JSONValue.string)),
            "parts": .array(
                history.partShares.map { .array([.string($0.part.words), .number($0.share)]) }),
            "times": content.times.map { ranks(ReportTimes(summary: $0)) } ?? .null,
        ])
    }

    /// Where the time of each rank went, as a table.
    private func ranks(_ times: ReportTimes) -> JSONValue {
        .object([
            "title": .string(times.title), "sentence": .string(times.summary.sentence ?? ""),
            "heads": .array(times.heads.map(JSONValue.string)),
            "rows": .array(times.rows.map { .array($0.map(JSONValue.string)) }),
        ])
    }

    /// The figures between two steps: of each point its step, mean, least and most.
    ///
    /// - Throws: `Failure` for columns that are damaged, which are not used again.
    func curves(_ range: ClosedRange<Int>, pointCount: Int) throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        let curves: [(figure: StepSeries.Figure, points: [StepSeries.Point])]
        do {
            curves = try state.curves(in: range, pointCount: pointCount)
        } catch {
            run.distrust()
            throw error
        }
        for (figure, points) in curves {
            members[figure.rawValue] = .array(
                points.map { point in
                    .array(
                        [.integer(point.step)]
                            + [point.mean, point.least, point.most].map(JSONValue.number))
                })
        }
        members["validation"] = .array(
            state.history.validations.filter { range.contains($0.step) }.map {
                .array([.integer($0.step), .number($0.loss)])
            })
        return .object(members)
    }

    private func sample(_ sample: ReportContent.Sample) -> JSONValue {
        .object([
            "step": integer(sample.step), "prompt": .string(sample.prompt),
            "text": .string(sample.text),
        ])
    }

    private func evaluation(_ evaluation: ReportContent.Evaluation) -> JSONValue {
        .object([
            "step": integer(evaluation.step), "data": .string(evaluation.data),
            "figures": facts(evaluation.figures),
        ])
    }

    private func facts(_ facts: [ReportContent.Fact]) -> JSONValue {
        .array(facts.map { .array([.string($0.name), .string($0.value)]) })
    }

    private func integer(_ value: Int?) -> JSONValue { value.map(JSONValue.integer) ?? .null }
    private func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
}
