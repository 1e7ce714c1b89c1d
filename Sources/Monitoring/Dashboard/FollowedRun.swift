import Files
import Foundation
import Synchronization
import Training

/// A run whose metrics.jsonl is read on as it grows; one that was cut is read anew.
///
/// What metrics.columns holds is not read again; of a run that is over and has none it is made.
final class FollowedRun: Sendable {
    /// The directory of the run.
    let path: String
    private let work = Mutex(Work())

    /// What is known of the run so far.
    struct State: Sendable {
        var history = RunHistory()
        /// The steps that `columns` do not hold.
        var series = StepSeries()
        fileprivate(set) var columns: ColumnsReader?
        /// Bytes that were read, up to the end of a line, and those that there are.
        fileprivate(set) var (offset, size) = (0, 0)
        /// The file that they are of.
        fileprivate var file: UInt64 = 0
        /// Seconds since 1970 at which it was written to.
        fileprivate(set) var modified = 0.0

        /// The share of the file that has been read.
        var share: Double { size > 0 ? min(1, Double(offset) / Double(size)) : 1 }

        /// Whether nothing was written for a minute.
        fileprivate var isOver: Bool { Date.now.timeIntervalSince1970 - modified > 60 }
    }

    private struct Work {
        var state = State()
        /// Makes the columns of a run that is over.
        var builder: ColumnsBuilder?
        var cannotBuild = false
        /// Whether those that are there turned out to be damaged.
        var distrustsColumns = false
    }

    /// Bytes that are read at a time, so that others wait a moment only.
    private static let piece = 4 << 20
    /// Steps in memory from which on columns are looked for again.
    private static let seriesLength = 1 << 16

    init(at path: String) { self.path = path }

    private var columnsPath: String { path + "/" + MetricsColumns.name }

    var snapshot: State { work.withLock { $0.state } }

    /// Reads a piece of what is new.
    ///
    /// - Returns: whether there was something, and more may be.
    func refresh() -> Bool {
        let path = path + "/metrics.jsonl"
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
            let reader = try? FileReader(path: path)
        else { return false }
        let file = (facts[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        let modified = (facts[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return work.withLock { work in
            // Where nothing has been read, the file is not known yet.
            let isOther = work.state.offset > 0 && file != work.state.file
            if isOther || reader.size < work.state.offset { work = Work() }
            (work.state.file, work.state.size, work.state.modified) = (file, reader.size, modified)
            return refresh(&work, reader)
        }
    }

    private func refresh(_ work: inout Work, _ reader: FileReader) -> Bool {
        if let builder = work.builder { return build(&work, builder, reader) }
        let isNew = work.state.offset == 0
        let isDue = isNew || work.state.series.steps.count >= Self.seriesLength
        if isDue && !work.distrustsColumns {
            if work.state.take(columnsAt: columnsPath, reader) { return true }
        }
        let isBehind = reader.size - work.state.offset > Self.piece
        let mayBuild = work.state.isOver && !work.cannotBuild
        if isNew || work.state.columns != nil && work.state.series.steps.isEmpty, isBehind, mayBuild
        {
            work.builder = try? ColumnsBuilder(ofRun: path)
            work.cannotBuild = work.builder == nil
            if let builder = work.builder { return build(&work, builder, reader) }
        }
        return work.state.read(reader, Self.piece)
    }

    private func build(
        _ work: inout Work, _ builder: ColumnsBuilder, _ reader: FileReader
    ) -> Bool {
        guard work.state.isOver else {
            // It goes on, and writes columns of its own.
            (work.builder, work.cannotBuild) = (nil, true)
            return true
        }
        do {
            let isWhole = try builder.advance(with: reader)
            if isWhole { work.builder = nil }
            _ = work.state.take(columnsAt: isWhole ? columnsPath : builder.path, reader)
        } catch {
            (work.builder, work.cannotBuild) = (nil, true)
        }
        return true
    }

    /// Forgets columns that turned out to be damaged: metrics.jsonl is read instead.
    func distrust() {
        work.withLock { work in
            work = Work()
            work.distrustsColumns = true
        }
    }
}

extension FollowedRun.State {
    /// Takes the steps that columns hold from there.
    ///
    /// - Returns: whether there are some that were not known.
    fileprivate mutating func take(columnsAt path: String, _ metrics: FileReader) -> Bool {
        guard let columns = try? ColumnsReader(path: path),
            columns.header.covered > self.columns?.header.covered ?? 0, columns.isOf(metrics),
            let history = try? RunHistory(columns)
        else { return false }
        (self.history, self.columns, series) = (history, columns, StepSeries())
        offset = columns.header.covered
        return true
    }

    fileprivate mutating func read(_ reader: FileReader, _ piece: Int) -> Bool {
        let start = offset
        let end = try? MetricsLines.forEach(of: reader, from: offset, limit: piece) { line, _ in
            if let record = history.note(line: line) { series.append(record) }
        }
        history.settle()
        offset = end ?? start
        return offset > start
    }

    /// The figures between two steps, in so many points at most.
    ///
    /// - Throws: `Failure` for columns that are damaged.
    func curves(
        in range: ClosedRange<Int>, pointCount: Int
    ) throws -> [(figure: StepSeries.Figure, points: [StepSeries.Point])] {
        let old = try columns?.rowCount(in: range) ?? 0
        // Each of the two may have one more for what is left.
        let share = (old + series.count(in: range)) / (pointCount - 2) + 1
        return try StepSeries.Figure.allCases.map { figure in
            let parts = try columns?.curve(figure.rawValue, in: range, share: share)
            let points = (parts ?? []).compactMap(StepSeries.Point.init)
            return (figure, points + series.curve(figure, in: range, share: share))
        }
    }
}
