import Options

/// The forms in which a run writes its metrics beside metrics.jsonl.
package struct MetricsOptions: OptionBlock {
    /// Whether RUN/tensorboard holds an event file for TensorBoard; usual true where that is at hand.
    package var tensorBoard = false
    /// Whether RUN/metrics.csv holds a row a step; usual false.
    package var csv = false
    /// The project of trackio in whose database the run stands; none by default.
    package var trackio: String?
    /// The port of 127.0.0.1 at which /metrics has figures for Prometheus; 0 for none, which is usual.
    package var prometheusPort = 0
    /// The port of 127.0.0.1 of a page on which the training is watched; 0 for none, which is usual.
    package var dashboardPort = 0
    /// A command of the shell that gets an object of JSON when the run is done, has failed, was stopped,
    /// or is about to diverge; none by default.
    package var notify: String?

    package init() {}

    package static var fields: [OptionField<MetricsOptions>] {
        [
            OptionField("tensorboard", \.tensorBoard, .changesFreely),
            OptionField("csv", \.csv, .changesFreely),
            OptionField("trackio", \.trackio, .changesFreely),
            OptionField("prometheus_port", \.prometheusPort, .atLeast(0), .changesFreely),
            OptionField("dashboard_port", \.dashboardPort, .atLeast(0), .changesFreely),
            OptionField("notify", \.notify, .changesFreely),
        ]
    }
}
