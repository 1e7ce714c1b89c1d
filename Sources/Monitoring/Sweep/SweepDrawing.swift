import Diagnostics
import Foundation

/// The curve of a sweep for a terminal of any width: the smoothed loss over the logarithm of the learning
/// rate, in dots of braille or in ASCII.
package struct SweepDrawing {
    private let sweep: LearningRateSweep
    private let isUnicode: Bool
    private let width: Int
    private let labelWidth = 8

    private static let height = 12
    private static let (least, most) = (12, 72)
    /// The bits of the dots of a braille character, by row and column.
    private static let dots: [[UInt32]] = [
        [0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80],
    ]

    package init(_ sweep: LearningRateSweep, columns: Int, isUnicode: Bool) {
        (self.sweep, self.isUnicode) = (sweep, isUnicode)
        width = max(Self.least, min(Self.most, columns - labelWidth - 2))
    }

    /// No lines where there is nothing to draw.
    package var lines: [String] {
        let losses = sweep.smoothed
        guard losses.count >= 2, let low = losses.min(), let top = losses.max() else { return [] }
        // What shoots up at the end would press all else flat.
        let high = max(low + 1e-9, min(top, losses[0] + 0.3 * (losses[0] - low)))
        let rows = picture(losses, low: low, high: high)
        let bar = isUnicode ? "\u{2502}" : "|"
        let drawn = rows.enumerated().map { index, row in
            label(index, low: low, high: high) + " " + bar + row
        }
        return drawn + axis + marks
    }

    /// The loss at the top, in the middle and at the bottom of the picture.
    private func label(_ row: Int, low: Double, high: Double) -> String {
        let last = Self.height - 1
        guard row == 0 || row == Self.height / 2 || row == last else {
            return String(repeating: " ", count: labelWidth)
        }
        let value = high - Double(row) / Double(last) * (high - low)
        let text = value.formattedTo(3)
        return String(repeating: " ", count: max(0, labelWidth - text.count)) + text
    }

    private func picture(_ losses: [Double], low: Double, high: Double) -> [String] {
        let (across, down) = isUnicode ? (2, 4) : (1, 1)
        let (columns, height) = (width * across, Self.height * down)
        var isSet = [[Bool]](
            repeating: Array(repeating: false, count: columns), count: height)
        var last: Int?
        for column in 0..<columns {
            let place = Double(column) / Double(columns - 1) * Double(losses.count - 1)
            let index = min(losses.count - 2, Int(place))
            let loss = losses[index] + (place - Double(index)) * (losses[index + 1] - losses[index])
            let share = min(1, max(0, (high - loss) / (high - low)))
            let row = min(height - 1, Int(share * Double(height - 1) + 0.5))
            // The curve has no holes where it is steep.
            for between in min(row, last ?? row)...max(row, last ?? row) {
                isSet[between][column] = true
            }
            last = row
        }
        return (0..<Self.height).map { row in
            String((0..<width).map { cell($0, row, isSet) })
        }
    }

    private func cell(_ column: Int, _ row: Int, _ isSet: [[Bool]]) -> Character {
        guard isUnicode else { return isSet[row][column] ? "*" : " " }
        var bits: UInt32 = 0
        for (y, bitsOfRow) in Self.dots.enumerated() {
            for (x, bit) in bitsOfRow.enumerated() where isSet[4 * row + y][2 * column + x] {
                bits |= bit
            }
        }
        // 0x2800 to 0x28FF are the characters of braille.
        return bits == 0 ? " " : Unicode.Scalar(0x2800 + bits).map { Character($0) } ?? "?"
    }

    private var margin: String { String(repeating: " ", count: labelWidth + 1) }

    private var axis: [String] {
        let rates = [0, sweep.steps.count / 2, sweep.steps.count - 1].map {
            LearningRateSweep.text(sweep.steps[$0].learningRate)
        }
        let line =
            isUnicode
            ? "\u{2514}" + String(repeating: "\u{2500}", count: width)
            : "+" + String(repeating: "-", count: width)
        let room = max(2, width + 1 - rates.reduce(0) { $0 + $1.count })
        let left = String(repeating: " ", count: room / 2)
        let right = String(repeating: " ", count: room - room / 2)
        let named = width >= 24 ? rates[0] + left + rates[1] + right + rates[2] : rates[0]
        return [margin + line, margin + named]
    }

    /// Where the suggested rates are.
    private var marks: [String] {
        guard let suggestion = sweep.suggestion else { return [] }
        let first = log(sweep.steps[0].learningRate)
        let span = log(sweep.steps[sweep.steps.count - 1].learningRate) - first
        func place(_ rate: Double) -> Int {
            Int((min(1, max(0, (log(rate) - first) / span)) * Double(width - 1)).rounded())
        }
        var line = [Character](repeating: " ", count: width)
        line[place(suggestion.tenthOfLowest)] = "t"
        line[place(suggestion.lowest)] = "m"
        line[place(suggestion.steepest)] = "s"
        return [
            margin + " " + String(line),
            margin + " s: steepest, m: lowest loss, t: a tenth of its rate",
        ]
    }
}
