import Diagnostics
import JSON

/// A measured step beside its prediction, and the table that follows from the same figures.
package struct ScalingReport: BenchReport {
    package let measuredSeconds: Double
    package let work: StepWork
    package let figures: ClusterFigures
    package let isLinkMeasured: Bool
    package let threadsPerRank: Int
    package let precision: String

    private static let formatVersion = 1

    package var prediction: StepPrediction { StepPrediction(work, on: figures) }

    /// How far the prediction is off, as a share of what was measured.
    package var error: Double { prediction.total / measuredSeconds - 1 }

    private var coreCount: Int { threadsPerRank * figures.ranksPerNode }

    package var text: String {
        ([heading, ""] + figureLines + [""] + stepLines + ["", tableHeading] + tableLines)
            .joined(separator: "\n")
    }

    private var heading: String {
        "\(Quantity.parameters(work.parameterCount)) parameters, \(precision), "
            + "\(Quantity.count(work.tokenCount, "token")) a step, "
            + "\(Quantity.count(figures.nodeCount, "node")) of "
            + "\(Quantity.count(figures.ranksPerNode, "rank")) of "
            + Quantity.count(threadsPerRank, "thread")
    }

    private var figureLines: [String] {
        var table = TextTable()
        table.add("products, a node", "\(Quantity.number(figures.productRate / 1e9)) GFLOP/s")
        table.add("of that in whole passes", (100 * figures.passEfficiency).percent)
        table.add("memory, a node", "\(Quantity.number(figures.memoryRate / 1e9)) GB/s")
        if isLinkMeasured {
            table.add("alpha", "\(Quantity.number(figures.latency * 1e6)) microseconds")
            table.add("beta", "\(Quantity.number(figures.linkRate / 1e6)) MB/s")
            table.add("of its time hidden beside passes", (100 * figures.overlap).percent)
        }
        return table.lines
    }

    private var stepLines: [String] {
        var table = TextTable()
        let own = prediction
        for (name, seconds) in [
            ("compute", own.compute), ("additions on the node", own.node),
            ("network, exposed", own.exposed), ("update", own.update), ("predicted", own.total),
            ("measured", measuredSeconds),
        ] { table.add(name, "\((seconds * 1e3).formattedTo(1)) ms") }
        table.add("off by", (100 * error).percent)
        return table.lines
    }

    private var tableHeading: String {
        "tokens a second (and share of perfect scaling) on nodes of "
            + "\(ScalingTable.coresPerNode) cores as fast as these, "
            + "\(ScalingTable.ranksPerNode) ranks each"
    }

    private var table: ScalingTable? { try? ScalingTable(figures, coreCount: coreCount) }

    private var tableLines: [String] { table?.lines ?? [] }

    package var json: JSONValue {
        .object([
            "format_version": .integer(Self.formatVersion), "benchmark": "scaling",
            "nodes": .integer(figures.nodeCount), "ranks_per_node": .integer(figures.ranksPerNode),
            "gflops_per_node": .number(figures.productRate / 1e9),
            "pass_efficiency": .number(figures.passEfficiency),
            "memory_gb_per_second": .number(figures.memoryRate / 1e9),
            "link": isLinkMeasured
                ? .object([
                    "alpha_seconds": .number(figures.latency),
                    "beta_bytes_per_second": .number(figures.linkRate),
                    "overlap": .number(figures.overlap),
                ]) : .null,
            "predicted": .object([
                "compute": .number(prediction.compute), "node": .number(prediction.node),
                "exposed": .number(prediction.exposed), "update": .number(prediction.update),
                "total": .number(prediction.total),
            ]),
            "measured_seconds": .number(measuredSeconds), "error": .number(error),
            "table": .array((table?.rows ?? []).map(\.json)),
        ])
    }
}

extension ScalingTable.Row {
    fileprivate var json: JSONValue {
        .object([
            "model": .string(model), "nodes": .integer(nodeCount),
            "gigabits_per_second": .number(gigabits), "tokens_per_step": .integer(tokensPerStep),
            "step_seconds": .number(prediction.total),
            "exposed_seconds": .number(prediction.exposed),
            "tokens_per_second": .number(tokensPerSecond),
        ])
    }
}
