import Foundation
import JSON

/// What a run tells of a step: one line of metrics.jsonl.
package enum MetricsRecord: Sendable {
    case train(TrainingMetrics)
    /// The validation loss after `step` batches, in nats a token for most tasks, and what else its
    /// objective tells.
    case validation(step: Int, loss: Double, measures: [String: Double] = [:])
    /// The figures of tasks after `step` batches, an object for each task.
    case tasks(step: Int, [JSONValue])
    case event(step: Int, String)
    /// The event that something about the run is not as it should be.
    case warning(step: Int, String, isDivergence: Bool = false)
    /// An outer step of islands; the average loss of all of them since the last one, where it is known.
    case outer(OuterStep, loss: Double?, skippedCount: Int)
    /// The event that the checkpoint of `step` lies at `path`, whole.
    case saved(step: Int, path: String)

    package var line: String {
        switch self {
        case .train(let metrics): metrics.json.text()
        case .validation(let step, let loss, let measures):
            JSONValue.object(
                measures.mapValues(JSONValue.number).merging([
                    "kind": .string("validation"), "step": .integer(step), "loss": .number(loss),
                ]) { $1 }
            ).text()
        case .tasks(let step, let tasks):
            JSONValue.object([
                "kind": .string("tasks"), "step": .integer(step), "tasks": .array(tasks),
            ]).text()
        case .outer(let outer, let loss, let skippedCount):
            JSONValue.object([
                "kind": .string("outer"), "step": .integer(outer.step),
                "fragment": .integer(outer.fragment), "islands": .integer(outer.islandCount),
                "loss": loss.map(JSONValue.number) ?? .null,
                "skipped_steps": .integer(skippedCount),
                "sent_bytes": .integer(outer.sentByteCount),
                "seconds": .object(["waited": .number(outer.seconds)]),
            ]).text()
        case .event(let step, let message):
            JSONValue.object([
                "kind": .string("event"), "step": .integer(step), "message": .string(message),
            ]).text()
        case .warning(let step, let message, let isDivergence):
            JSONValue.object(
                [
                    "kind": .string("event"), "step": .integer(step), "level": .string("warning"),
                    "message": .string(message),
                ].merging(isDivergence ? ["diverging": .boolean(true)] : [:]) { $1 }
            ).text()
        case .saved(let step, let path):
            JSONValue.object([
                "kind": .string("event"), "step": .integer(step),
                "message": .string("saved \(path)"),
                "checkpoint": .string(CheckpointStore.name(ofStep: step)),
            ]).text()
        }
    }
}

/// The metrics of one training step.
package struct TrainingMetrics: Sendable {
    /// Batches consumed, this one included.
    package var step: Int
    /// Tokens consumed since the start of the run.
    package var tokens: Int
    /// Nats per counted token of the global batch, before the update.
    package var loss: Double
    package var learningRate: Double
    /// Norm of the gradient before clipping.
    package var gradientNorm: Double
    package var tokensPerSecond: Double
    /// Seconds of the parts of the step, on this rank.
    package var seconds: [String: Double]
    package var peakMemoryBytes: Int
    /// What the objective tells beside its loss, by names.
    package var measures: [String: Double]
    /// Times of the step by kinds of operations; nil where they were not asked for.
    package var profile: StepTimes?

    package init(
        step: Int, tokens: Int, loss: Double, learningRate: Double, gradientNorm: Double,
        tokensPerSecond: Double, seconds: [String: Double], peakMemoryBytes: Int,
        measures: [String: Double] = [:], profile: StepTimes? = nil
    ) {
        self.step = step
        self.tokens = tokens
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.tokensPerSecond = tokensPerSecond
        self.seconds = seconds
        self.peakMemoryBytes = peakMemoryBytes
        self.measures = measures
        self.profile = profile
    }

    var json: JSONValue {
        var members = measures.mapValues(JSONValue.number)
        let own: [String: JSONValue] = [
            "kind": .string("train"), "step": .integer(step), "tokens": .integer(tokens),
            "loss": .number(loss), "learning_rate": .number(learningRate),
            "gradient_norm": .number(gradientNorm), "tokens_per_second": .number(tokensPerSecond),
            "seconds": .object(seconds.mapValues(JSONValue.number)),
            "peak_memory_bytes": .integer(peakMemoryBytes),
        ]
        members.merge(own) { $1 }
        members["profile"] = profile.map { profile in
            let shares = profile.shares.map { ($0.part.key, JSONValue.number($0.seconds)) }
            return .object(Dictionary(uniqueKeysWithValues: shares))
        }
        return .object(members)
    }
}
