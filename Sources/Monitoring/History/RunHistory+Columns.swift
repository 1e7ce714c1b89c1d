import Diagnostics
import Training

extension RunHistory {
    /// The history of the steps that metrics.columns holds.
    ///
    /// - Throws: `Failure` for a file that is damaged.
    package init(_ columns: ColumnsReader) throws(Failure) {
        self.init()
        stepCount = columns.header.rowCount
        lastStep = try columns.lastStep
        tokenCount = Self.whole(try columns.whole("tokens").most)
        seconds = try columns.whole("seconds.total").sum
        peakMemoryBytes = Self.whole(try columns.whole("peak_memory_bytes").most)
        let finite = Int(try columns.whole("loss").count)
        nonFiniteCount = stepCount - finite
        losses = EndLosses(
            first: try columns.ends("loss", count: EndLosses.window, isLast: false),
            last: try columns.ends("loss", count: EndLosses.window, isLast: true), count: finite)
        loss = try Self.curve("loss", columns)
        learningRate = try Self.curve("learning_rate", columns)
        gradientNorm = try Self.curve("gradient_norm", columns)
        tokensPerSecond = try Self.curve("tokens_per_second", columns)
        reward = try Self.curve("reward", columns)
        for part in StepPart.allCases {
            let sum = try columns.whole("seconds.\(part.rawValue)").sum
            if sum > 0 { partSeconds[part] = sum }
        }
        try columns.forEachLine { note(line: $0) }
        damagedLineCount += columns.header.damagedLineCount
        settle()
    }

    /// A count of a file, whoever wrote it; 0 where it has none.
    private static func whole(_ number: Double) -> Int {
        number > 0 ? Int(exactly: number.rounded()) ?? 0 : 0
    }

    private static func curve(
        _ name: String, _ columns: ColumnsReader
    ) throws(Failure) -> Curve {
        let share = (columns.header.rowCount + 1023) / 1024
        let parts = try columns.curve(name, in: 0...Int(Int32.max), share: max(1, share))
        return Curve(
            points: parts.filter { $0.point.count > 0 }.map { part in
                Curve.Point(
                    step: part.step, mean: part.point.mean, least: part.point.least,
                    most: part.point.most, count: Int(part.point.count))
            })
    }
}
