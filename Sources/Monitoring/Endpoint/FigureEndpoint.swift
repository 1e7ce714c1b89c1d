import Synchronization
import Training
import Web

/// The newest figures of a training for Prometheus, at /metrics.
package final class FigureEndpoint: MetricsSink, WebService {
    private struct Figures {
        /// By their names in TensorBoard.
        var scalars: [String: Double] = [:]
        var step = 0
        var warningCount = 0
        var checkpointStep: Int?
    }

    private let run: String
    private let stepCount: Int
    private let figures = Mutex(Figures())

    /// - Parameters:
    ///   - run: the name of the run, which all figures bear.
    ///   - stepCount: steps of the whole run.
    package init(run: String, stepCount: Int) { (self.run, self.stepCount) = (run, stepCount) }

    package func append(_ record: MetricsRecord) {
        figures.withLock { figures in
            for scalar in record.scalars { figures.scalars[scalar.name] = scalar.value }
            switch record {
            case .train(let metrics): figures.step = metrics.step
            case .warning: figures.warningCount += 1
            case .saved(let step, _): figures.checkpointStep = step
            case .validation, .event, .outer, .tasks: break
            }
        }
    }

    package func reply(to request: WebRequest) async -> WebReply {
        guard ["/metrics", "/metrics/"].contains(request.path) else {
            return refusal(status: 404, "the figures are at /metrics")
        }
        guard ["GET", "HEAD"].contains(request.method) else {
            return refusal(status: 405, "figures are only read")
        }
        return WebReply(type: PrometheusText.type, text.bytes)
    }

    package func refusal(status: Int, _ message: String) -> WebReply {
        WebReply(status: status, type: "text/plain; charset=utf-8", Array((message + "\n").utf8))
    }

    /// The figures by our names, each once.
    private var text: PrometheusText {
        let figures = figures.withLock { $0 }
        var text = PrometheusText()
        let labels = [("run", PlainText.line(run))]
        func add(_ name: String, _ help: String, _ value: Double) {
            text.add("swift_llm_" + name, .gauge, help, [(labels, value)])
        }
        add("step", "batches consumed", Double(figures.step))
        add("steps", "batches of the whole run", Double(stepCount))
        text.add(
            "swift_llm_warnings_total", .counter, "signs that the run does not learn",
            [(labels, Double(figures.warningCount))])
        if let step = figures.checkpointStep {
            add("checkpoint_step", "the step of the newest checkpoint", Double(step))
        }
        for entry in MetricGlossary.entries {
            // Tools' own names come second.
            guard let tag = entry.tags.first, let value = figures.scalars[tag] else { continue }
            add(tag.replacing("/", with: "_"), entry.meaning, value)
        }
        let parts = figures.scalars.filter { $0.key.hasPrefix("seconds/") }
            .sorted { $0.key < $1.key }
        if !parts.isEmpty {
            text.add(
                "swift_llm_seconds", .gauge, "seconds of the parts of the last step",
                parts.map { (labels + [("part", String($0.key.dropFirst(8)))], $0.value) })
        }
        return text
    }
}
