import Diagnostics
import Files
import Glibc

/// metrics.columns: what metrics.jsonl says, as columns, from which a dashboard draws runs of any length at
/// once.
///
/// The lines that the run has appended are taken up now and then, and the last ones at its end. Whatever
/// happens to the file, it is made again from them.
package final class MetricsColumns: MetricsSink {
    package static let name = "metrics.columns"

    private let writer: ColumnsWriter
    /// The path of metrics.jsonl.
    private let metrics: String
    private var last = ContinuousClock.now

    private static let pause = Duration.seconds(2)

    /// Opens the columns of a run, and takes up what they lack; rows of steps after `lastStep` are cut.
    ///
    /// - Parameter metrics: the path of metrics.jsonl, which has been cut.
    package init(at path: String, of metrics: String, lastStep: Int) throws {
        let reader = try FileReader(path: metrics)
        writer = try ColumnsWriter.open(path, of: reader, lastStep: lastStep)
        self.metrics = metrics
        while try writer.catchUp(with: reader) {}
    }

    // What is not written at the end is read from metrics.jsonl.
    deinit { try? catchUp() }

    package func append(_ record: MetricsRecord) throws {
        let now = ContinuousClock.now
        guard now - last >= Self.pause else { return }
        last = now
        try catchUp()
    }

    private func catchUp() throws {
        let reader = try FileReader(path: metrics)
        while try writer.catchUp(with: reader) {}
    }
}

/// metrics.columns of a run that is over and has none, made piece by piece; it lies beside its place until
/// it is whole.
package final class ColumnsBuilder: Sendable {
    /// Where it is read meanwhile.
    package let path: String
    private let place: String
    private let writer: ColumnsWriter

    /// - Parameter run: the directory of the run.
    /// - Throws: `Failure` where nothing can be written.
    package init(ofRun run: String) throws(Failure) {
        place = "\(run)/\(MetricsColumns.name)"
        try Self.removeLeftovers(in: run)
        path = PublishedFile.ownTemporary(of: place)
        writer = try ColumnsWriter(new: path)
    }

    // After its renaming there is nothing of this name.
    deinit { try? DirectoryEntries.remove(path) }

    /// Removes what processes have left that were killed over it.
    private static func removeLeftovers(in run: String) throws(Failure) {
        for name in try DirectoryEntries.names(in: run)
        where name.hasPrefix(MetricsColumns.name + ".") && name.hasSuffix(".partial") {
            let process = name.split(separator: ".").dropLast().last.flatMap { Int32($0) }
            guard let process, process > 0, kill(process, 0) != 0, errno == ESRCH else { continue }
            try DirectoryEntries.remove("\(run)/\(name)")
        }
    }

    /// Takes up a piece; the file appears in its place with the last one.
    ///
    /// - Returns: whether it is whole.
    package func advance(with metrics: FileReader) throws -> Bool {
        let hasNews = try writer.catchUp(with: metrics)
        if hasNews && writer.header.covered < metrics.size { return false }
        try writer.finish()
        try PublishedFile.publish(path, as: place)
        return true
    }
}
