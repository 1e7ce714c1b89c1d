import Diagnostics
import Foundation
import Training

/// The charts of a run, each with the sentences that explain it.
struct ReportChart {
    let chart: LineChart
    let meaning: String
    let good: String

    private init(_ chart: LineChart, explainedAs metric: String) {
        let entry = MetricGlossary.entries.first { $0.name == metric }
        self.chart = chart
        (meaning, good) = (entry?.meaning ?? "", entry?.good ?? "")
    }

    /// - Returns: the charts that have something to show.
    static func all(_ history: RunHistory) -> [ReportChart] {
        let charts = [
            loss(history),
            own(history.learningRate, "Learning rate", "learning_rate"),
            own(history.gradientNorm, "Gradient norm", "gradient_norm", isSmooth: true),
            own(history.tokensPerSecond, "Tokens per second", "tokens_per_second", isSmooth: true),
        ]
        return charts.filter { !$0.chart.lines.allSatisfy(\.points.isEmpty) }
    }

    private static func loss(_ history: RunHistory) -> ReportChart {
        let smooth = history.loss.smoothed(reach: reach(history.loss))
        var lines = [
            LineChart.Line(name: "each step", style: "raw", points: raw(history.loss)),
            LineChart.Line(name: "smoothed", style: "own", points: smooth),
        ]
        if !history.validations.isEmpty {
            lines.append(
                LineChart.Line(
                    name: "on unseen text (validation)", style: "other",
                    points: history.validations.map { ($0.step, $0.loss) }, hasDots: true))
        }
        let summary = summary(smooth)
        return ReportChart(
            LineChart(title: "Loss", summary: summary, lines: lines), explainedAs: "loss")
    }

    private static func own(
        _ curve: Curve, _ title: String, _ metric: String, isSmooth: Bool = false
    ) -> ReportChart {
        let smooth = isSmooth ? curve.smoothed(reach: reach(curve)) : raw(curve)
        let lines = [
            isSmooth ? LineChart.Line(name: "each step", style: "raw", points: raw(curve)) : nil,
            LineChart.Line(name: isSmooth ? "smoothed" : title, style: "own", points: smooth),
        ]
        return ReportChart(
            LineChart(
                title: title, summary: summary(smooth), lines: lines.compactMap { $0 },
                cutsPeaks: isSmooth), explainedAs: metric)
    }

    private static func raw(_ curve: Curve) -> [(step: Int, value: Double)] {
        curve.points.map { ($0.step, $0.mean) }
    }

    private static func reach(_ curve: Curve) -> Double { Double(curve.points.count) / 100 }

    private static func summary(_ points: [(step: Int, value: Double)]) -> String {
        guard let first = points.first, let last = points.last else { return "nothing" }
        func number(_ value: Double) -> String { String(format: "%.4g", value) }
        return "\(number(first.value)) at step \(first.step), \(number(last.value)) at step "
            + "\(last.step)"
    }
}
