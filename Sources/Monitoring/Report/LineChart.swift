import Foundation

/// A chart of curves over the steps of a run, as an SVG picture of its own.
package struct LineChart {
    package struct Line {
        /// Its name in the legend.
        let name: String
        /// The class that gives it a colour.
        let style: String
        let points: [(step: Int, value: Double)]
        var hasDots = false
    }

    let title: String
    /// What it shows, for those who hear the page.
    let summary: String
    let lines: [Line]
    /// Whether steps far from all others are cut off, so that the rest can be seen.
    var cutsPeaks = false

    private static let (width, height) = (440.0, 220.0)
    private static let (left, right, top, bottom) = (46.0, 12.0, 10.0, 32.0)

    /// The picture; nil where there is nothing to draw.
    package var svg: String? {
        let points = lines.flatMap(\.points)
        guard let first = points.map(\.step).min(), let last = points.map(\.step).max() else {
            return nil
        }
        let x = ChartScale(low: Double(first), high: Double(last))
        let y = ChartScale(shownValues(points.map(\.value)))
        let id = "c\(title.unicodeScalars.reduce(5381) { ($0 &* 33 &+ Int($1.value)) & 0xFFFFFF })"
        let plot = (Self.width - Self.left - Self.right, Self.height - Self.top - Self.bottom)
        return """
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" aria-labelledby="\(id)">
            <title id="\(id)">\(PlainText.markup(title + ": " + summary))</title>
            <clipPath id="\(id)p"><rect x="\(Self.left)" y="\(Self.top)" width="\(plot.0)" height="\(plot.1)"/></clipPath>
            \(axes(x, y))
            <g clip-path="url(#\(id)p)">
            \(lines.map { path($0, x, y) }.joined(separator: "\n"))
            </g>
            </svg>
            """
    }

    /// All values, or those between the 1st and the 99th of a hundred, with room for them to be seen.
    private func shownValues(_ values: [Double]) -> [Double] {
        guard cutsPeaks, values.count >= 100 else { return values }
        let sorted = values.sorted()
        let high = sorted[sorted.count * 99 / 100]
        return [sorted[sorted.count / 100], min(sorted[sorted.count - 1], 1.5 * high)]
    }

    private func place(_ share: Double, isUp: Bool) -> String {
        let value =
            isUp
            ? Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
            : Self.left + share * (Self.width - Self.left - Self.right)
        return String(format: "%.1f", value)
    }

    private func axes(_ x: ChartScale, _ y: ChartScale) -> String {
        let (end, floor) = (Self.width - Self.right, Self.height - Self.bottom)
        let rows = y.ticks(4).map { tick in
            let at = place(y.share(tick), isUp: true)
            return
                "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(end)\" y1=\"\(at)\" y2=\"\(at)\"/>"
                + "<text x=\"\(Self.left - 6)\" y=\"\(at)\" dy=\"4\" text-anchor=\"end\">"
                + "\(ChartScale.label(tick))</text>"
        }
        let columns = x.ticks(5).filter { $0 == $0.rounded() }.map { tick in
            let at = place(x.share(tick), isUp: false)
            return "<text x=\"\(at)\" y=\"\(floor + 18)\" text-anchor=\"middle\">"
                + "\(ChartScale.label(tick))</text>"
        }
        return (rows + columns).joined(separator: "\n")
            + "\n<line class=\"axis\" x1=\"\(Self.left)\" x2=\"\(end)\" y1=\"\(floor)\" y2=\"\(floor)\"/>"
            + "<text x=\"\(end)\" y=\"\(floor + 28)\" text-anchor=\"end\" class=\"unit\">step</text>"
    }

    private func path(_ line: Line, _ x: ChartScale, _ y: ChartScale) -> String {
        let places = line.points.map { point in
            (
                place(x.share(Double(point.step)), isUp: false),
                place(y.share(point.value), isUp: true)
            )
        }
        let points = places.map { "\($0.0),\($0.1)" }.joined(separator: " ")
        let dots =
            line.hasDots || places.count == 1
            ? places.map {
                "<circle class=\"\(line.style)\" cx=\"\($0.0)\" cy=\"\($0.1)\" r=\"3\"/>"
            }
            : []
        return "<polyline class=\"\(line.style)\" points=\"\(points)\"/>" + dots.joined()
    }
}
