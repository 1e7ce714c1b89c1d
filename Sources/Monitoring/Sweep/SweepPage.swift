import Diagnostics
import Foundation

/// A sweep as one page of HTML with its curve as a picture: no script, nothing from a network.
package struct SweepPage {
    private let sweep: LearningRateSweep
    private let title: String
    /// Of the picture, and of its margins.
    private static let (width, height) = (720.0, 360.0)
    private static let (left, right, top, bottom) = (56.0, 16.0, 16.0, 44.0)

    /// - Parameter name: of the recipe.
    package init(_ sweep: LearningRateSweep, name: String) {
        self.sweep = sweep
        title = PlainText.markup(PlainText.line(name))
    }

    package var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(title): learning rates</title>
        <style>
        \(ReportStyle.css)
        .mark{stroke:var(--good);stroke-dasharray:4 3}
        </style>
        </head>
        <body>
        <main>
        <h1>\(title): learning rates</h1>
        <p class="soft">\(Quantity.count(sweep.steps.count, "step")), each with a larger rate than the one before</p>
        <p>\(PlainText.markup(sweep.advice)).</p>
        <figure>
        \(svg)
        <figcaption>What it is: the loss of each step (pale) and its average over neighbouring steps, over the
        learning rate of the step. Good looks like: flat at first, then a fall, then a rise; a rate in the fall
        trains fast, one near the rise diverges sooner or later.</figcaption>
        </figure>
        </main>
        </body>
        </html>

        """
    }

    private var rates: ChartScale {
        let values = sweep.steps.map { log10($0.learningRate) }
        return ChartScale(low: values.first ?? 0, high: values.last ?? 1)
    }

    /// What shoots up at the end would press all else flat.
    private var losses: ChartScale {
        let values = sweep.smoothed
        let (first, low) = (values.first ?? 0, values.min() ?? 0)
        return ChartScale(values.map { min($0, first + 0.3 * (first - low) + 1e-9) })
    }

    /// The picture.
    package var svg: String {
        let points = zip(sweep.steps, sweep.smoothed)
        return """
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" aria-labelledby="t">
            <title id="t">Loss over the learning rate: \(PlainText.markup(sweep.advice))</title>
            <clipPath id="p"><rect x="\(Self.left)" y="\(Self.top)" width="\(Self.width - Self.left - Self.right)" height="\(Self.height - Self.top - Self.bottom)"/></clipPath>
            \(axes)
            <g clip-path="url(#p)">
            \(line("raw", sweep.steps.map { ($0.learningRate, $0.loss) }))
            \(line("own", points.map { ($0.learningRate, $1) }))
            </g>
            \(marks)
            </svg>
            """
    }

    private func x(_ rate: Double) -> String {
        let share = rates.share(log10(rate))
        return String(format: "%.1f", Self.left + share * (Self.width - Self.left - Self.right))
    }

    private func y(_ loss: Double) -> String {
        // Far outside a picture some viewers draw nothing.
        let share = min(10, max(-10, losses.share(loss)))
        let floor = Self.height - Self.bottom
        return String(format: "%.1f", floor - share * (floor - Self.top))
    }

    private func line(_ style: String, _ points: [(Double, Double)]) -> String {
        let places = points.map { "\(x($0.0)),\(y($0.1))" }.joined(separator: " ")
        return "<polyline class=\"\(style)\" points=\"\(places)\"/>"
    }

    private var axes: String {
        let (end, floor) = (Self.width - Self.right, Self.height - Self.bottom)
        let rows = losses.ticks(5).map { tick in
            "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(end)\" y1=\"\(y(tick))\" y2=\"\(y(tick))\"/>"
                + "<text x=\"\(Self.left - 6)\" y=\"\(y(tick))\" dy=\"4\" text-anchor=\"end\">"
                + "\(ChartScale.label(tick))</text>"
        }
        let powers =
            (Int(
                rates.low.rounded(.up))...max(
                    Int(rates.low.rounded(.up)), Int(rates.high.rounded(.down))))
        let columns = powers.map { power in
            "<text x=\"\(x(pow(10, Double(power))))\" y=\"\(floor + 18)\" text-anchor=\"middle\">"
                + "1e\(power)</text>"
        }
        return (rows + columns).joined(separator: "\n")
            + "\n<line class=\"axis\" x1=\"\(Self.left)\" x2=\"\(end)\" y1=\"\(floor)\" y2=\"\(floor)\"/>"
            + "<text x=\"\(end)\" y=\"\(floor + 36)\" text-anchor=\"end\" class=\"unit\">learning rate</text>"
    }

    private var marks: String {
        guard let suggestion = sweep.suggestion else { return "" }
        let places = [
            ("steepest", suggestion.steepest), ("a tenth of the lowest", suggestion.tenthOfLowest),
            ("lowest", suggestion.lowest),
        ]
        return places.enumerated().map { index, mark in
            "<line class=\"mark\" x1=\"\(x(mark.1))\" x2=\"\(x(mark.1))\" y1=\"\(Self.top)\" "
                + "y2=\"\(Self.height - Self.bottom)\"/><text x=\"\(x(mark.1))\" dx=\"4\" "
                + "y=\"\(Self.top + 14 + 16 * Double(index))\">\(mark.0) "
                + "\(LearningRateSweep.text(mark.1))</text>"
        }.joined(separator: "\n")
    }
}
