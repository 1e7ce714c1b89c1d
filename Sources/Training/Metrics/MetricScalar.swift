import JSON

/// A number of a record under the name that tools show.
package struct MetricScalar: Equatable {
    package let name: String
    package let value: Double
}

extension MetricsRecord {
    /// The step that it is about.
    var step: Int {
        switch self {
        case .train(let metrics): metrics.step
        case .validation(let step, _, _), .tasks(let step, _), .event(let step, _),
            .warning(let step, _, _), .saved(let step, _):
            step
        case .outer(let outer, _, _): outer.step
        }
    }

    /// Its numbers, which `MetricGlossary` explains: our names, and torchtitan's where one means the same.
    package var scalars: [MetricScalar] {
        switch self {
        case .train(let metrics): metrics.scalars
        case .validation(_, let loss, let measures):
            [
                MetricScalar(name: "validation/loss", value: loss),
                MetricScalar(name: "validation_metrics/loss", value: loss),
            ] + measures.scalars("validation")
        case .outer(let outer, let loss, let skippedCount):
            [
                loss.map { MetricScalar(name: "outer/loss", value: $0) },
                MetricScalar(name: "outer/skipped_steps", value: Double(skippedCount)),
                MetricScalar(name: "outer/sent_bytes", value: Double(outer.sentByteCount)),
            ].compactMap { $0 }
        case .tasks(_, let tasks): tasks.flatMap(Self.scalars(ofTask:))
        case .event, .warning, .saved: []
        }
    }
}

extension MetricsRecord {
    /// The metrics of a task, without their errors and the counts beside them.
    private static func scalars(ofTask task: JSONValue) -> [MetricScalar] {
        let name = task["task"]?.string ?? ""
        let others: Set = ["questions", "shots", "cut"]
        return (task.object ?? [:]).sorted { $0.key < $1.key }.compactMap { key, value in
            guard !others.contains(key), !key.contains("_stderr"), let number = value.double else {
                return nil
            }
            return MetricScalar(name: "tasks/\(name)/\(key)", value: number)
        }
    }
}

extension TrainingMetrics {
    private static let bytesInGiB = Double(1 << 30)

    fileprivate var scalars: [MetricScalar] {
        let own = [
            ("train/loss", loss), ("train/learning_rate", learningRate),
            ("train/gradient_norm", gradientNorm), ("train/tokens", Double(tokens)),
            ("train/tokens_per_second", tokensPerSecond),
            ("train/peak_memory_bytes", Double(peakMemoryBytes)),
        ]
        let parts = seconds.sorted { $0.key < $1.key }.map { ("seconds/\($0.key)", $0.value) }
        let torchTitan = [
            ("loss_metrics/global_avg_loss", loss), ("lr", learningRate),
            ("grad_norm", gradientNorm), ("throughput(tps)", tokensPerSecond),
            ("memory/max_active(GiB)", Double(peakMemoryBytes) / Self.bytesInGiB),
        ]
        return (own + parts + torchTitan).map(MetricScalar.init) + measures.scalars("train")
    }
}

extension [String: Double] {
    /// The measures of an objective, in the order of their names.
    fileprivate func scalars(_ group: String) -> [MetricScalar] {
        sorted { $0.key < $1.key }.map { MetricScalar(name: "\(group)/\($0.key)", value: $0.value) }
    }
}
