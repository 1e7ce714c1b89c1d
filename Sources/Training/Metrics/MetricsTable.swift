/// metrics.csv: a row for each step and for each validation, for spreadsheets.
package final class MetricsTable: MetricsSink {
    private let file: AppendedFile

    private static let columns = [
        "step", "tokens", "loss", "learning_rate", "gradient_norm", "tokens_per_second", "seconds",
        "peak_memory_bytes", "validation_loss",
    ]
    private static let header = columns.joined(separator: ",")

    /// Opens the file; rows of steps after `lastStep` are cut.
    package init(at path: String, lastStep: Int) throws {
        let header = Array(Self.header.utf8)
        try AppendedFile.cutLines(of: path, header: Self.header + "\n") { line in
            if line.elementsEqual(header) { return true }
            let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard fields.count == Self.columns.count else { return false }
            return Int(String(decoding: fields[0], as: UTF8.self)).map { $0 <= lastStep } ?? false
        }
        file = try AppendedFile(at: path)
    }

    package func append(_ record: MetricsRecord) throws {
        guard let row = Self.row(record) else { return }
        try file.append(Array((row.joined(separator: ",") + "\n").utf8))
    }

    private static func row(_ record: MetricsRecord) -> [String]? {
        switch record {
        case .train(let own):
            [
                "\(own.step)", "\(own.tokens)", "\(own.loss)", "\(own.learningRate)",
                "\(own.gradientNorm)", "\(own.tokensPerSecond)", "\(own.seconds["total"] ?? 0)",
                "\(own.peakMemoryBytes)", "",
            ]
        case .validation(let step, let loss, _):
            ["\(step)"] + Array(repeating: "", count: columns.count - 2) + ["\(loss)"]
        case .event, .warning, .outer, .saved, .tasks: nil
        }
    }
}
