import Options

/// The forms in which a run writes its metrics beside metrics.jsonl.
package struct MetricsOptions: OptionBlock {
    /// Whether RUN/tensorboard holds an event file for TensorBoard; usual true where that is at hand.
    package var tensorBoard = false
    /// Whether RUN/metrics.csv holds a row a step; usual false.
    package var csv = false

    package init() {}

    package static var fields: [OptionField<MetricsOptions>] {
        [
            OptionField("tensorboard", \.tensorBoard, .changesFreely),
            OptionField("csv", \.csv, .changesFreely),
        ]
    }
}
