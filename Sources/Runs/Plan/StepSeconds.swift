import JSON

/// Seconds of the parts of a step, on the slowest rank.
package struct StepSeconds: Equatable, Sendable {
    /// Passes forward and backward.
    package var compute = 0.0
    /// Waiting for the sums of gradients.
    package var reduce = 0.0
    /// The optimizer.
    package var update = 0.0
    /// Reading batches, and what else there is.
    package var rest = 0.0

    package var total: Double { compute + reduce + update + rest }
}

extension StepSeconds {
    var json: JSONValue {
        .object([
            "compute": .number(compute), "reduce": .number(reduce), "update": .number(update),
            "rest": .number(rest),
        ])
    }
}
