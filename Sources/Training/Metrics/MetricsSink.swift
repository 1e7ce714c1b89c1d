/// A place to which a run writes its metrics, in a form that some tool reads.
package protocol MetricsSink: AnyObject {
    /// Appends what it has of a record.
    ///
    /// - Throws: `Failure` where it cannot be written.
    func append(_ record: MetricsRecord) throws
}

/// Where metrics lie in the directory of a run.
package struct MetricsPlace: Equatable, Sendable {
    /// The directory of the run.
    package let directory: String
    package let options: MetricsOptions
    /// The recipe as text, for tools that show it.
    package let recipe: String

    package init(
        directory: String, options: MetricsOptions = MetricsOptions(), recipe: String = ""
    ) {
        self.directory = directory
        self.options = options
        self.recipe = recipe
    }

    /// Opens all that were asked for; what they hold of steps after `lastStep` is cut, so that no step
    /// stands twice.
    func open(lastStep: Int) throws -> [any MetricsSink] {
        let metrics = directory + "/" + RunDirectory.metricsName
        var sinks: [any MetricsSink] = [
            try MetricsFile(at: metrics, lastStep: lastStep),
            try MetricsColumns(
                at: directory + "/" + MetricsColumns.name, of: metrics, lastStep: lastStep),
        ]
        if options.tensorBoard {
            sinks.append(
                try TensorBoardFile(in: directory + "/tensorboard", lastStep: lastStep))
        }
        if options.csv {
            sinks.append(try MetricsTable(at: directory + "/metrics.csv", lastStep: lastStep))
        }
        if let project = options.trackio {
            sinks.append(
                try TrackioFile(
                    project: project, run: directory, recipe: recipe, lastStep: lastStep))
        }
        return sinks
    }
}
