/// What each metric of a run means, and what it looks like where all goes well.
package enum MetricGlossary {
    package struct Entry: Sendable {
        /// Its name in metrics.jsonl.
        package let name: String
        /// Its names in TensorBoard.
        package let tags: [String]
        package let meaning: String
        package let good: String
    }

    package static let entries: [Entry] = [
        Entry(
            name: "loss", tags: ["train/loss", "loss_metrics/global_avg_loss"],
            meaning: "how much the next token surprises the model, in nats a token, averaged over "
                + "the batch of all ranks before the update",
            good: "begins near the logarithm of the vocabulary's size, falls fast, then slowly"),
        Entry(
            name: "learning_rate", tags: ["train/learning_rate", "lr"],
            meaning: "how far an update moves the weights",
            good: "rises through the warm-up, then falls along the schedule"),
        Entry(
            name: "gradient_norm", tags: ["train/gradient_norm", "grad_norm"],
            meaning: "the length of the gradient of all trained weights, before it is clipped",
            good: "large at first, then steady, often 0.2 to 2; peaks now and then are clipped"),
        Entry(
            name: "tokens", tags: ["train/tokens"],
            meaning: "tokens seen since the start of the run", good: "grows by the global batch"),
        Entry(
            name: "tokens_per_second", tags: ["train/tokens_per_second", "throughput(tps)"],
            meaning: "tokens of the step of all ranks through its seconds",
            good: "steady; a fall means that something else has the processor, the disk or the link"
        ),
        Entry(
            name: "seconds.NAME", tags: ["seconds/NAME"],
            meaning: "seconds of the parts of a step on the first rank: compute, update, data, "
                + "reduce (waiting for other ranks), outer, and total",
            good: "compute has nearly all; much reduce: a slow link, or a rank that others wait for"
        ),
        Entry(
            name: "peak_memory_bytes",
            tags: ["train/peak_memory_bytes", "memory/max_active(GiB)"],
            meaning: "the most memory that the first rank has held so far",
            good: "constant after the first steps"),
        Entry(
            name: "loss of kind validation", tags: ["validation/loss", "validation_metrics/loss"],
            meaning: "the loss on text that is never trained on",
            good:
                "falls with the loss; where it rises while the loss falls, the model learns by heart"
        ),
        Entry(
            name: "loss of kind outer", tags: ["outer/loss"],
            meaning: "the average loss of all islands since the outer step before",
            good: "falls as the loss does"),
        Entry(
            name: "skipped_steps", tags: ["outer/skipped_steps"],
            meaning: "steps of islands whose gradient was not finite", good: "0"),
        Entry(
            name: "sent_bytes", tags: ["outer/sent_bytes"],
            meaning: "bytes that the first rank sent to other islands in an outer step",
            good: "constant for each fragment"),
    ]

    /// A table in Markdown, one line a metric.
    package static var markdown: String {
        let header = ["metric", "in TensorBoard", "what it is", "good looks like"]
        let rows = entries.map { entry in
            [
                "`\(entry.name)`", entry.tags.map { "`\($0)`" }.joined(separator: ", "),
                entry.meaning, entry.good,
            ]
        }
        return ([header, header.map { _ in "---" }] + rows)
            .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// A paragraph for each metric.
    package static var text: String {
        entries.map { entry in
            """
            \(entry.name)  (TensorBoard: \(entry.tags.joined(separator: ", ")))
              What it is: \(entry.meaning).
              Good looks like: \(entry.good).
            """
        }.joined(separator: "\n\n")
    }
}
