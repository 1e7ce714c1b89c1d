import Diagnostics
import Foundation

/// What a model expects at each token of a text, and how much each one surprises it.
package struct TextInspection: Sendable {
    /// A token of the vocabulary with a number: a probability, or how near it is.
    package struct Candidate: Equatable, Sendable {
        package let text: String
        package let value: Double

        package init(_ text: String, _ value: Double) { (self.text, self.value) = (text, value) }
    }

    package struct Token: Equatable, Sendable {
        package let id: Int
        package let text: String
        /// In nats; nil where nothing stands before it.
        package let loss: Double?
        /// What the model found likeliest in its place, with probabilities.
        package let likeliest: [Candidate]

        package init(id: Int, text: String, loss: Double?, likeliest: [Candidate]) {
            (self.id, self.text, self.loss, self.likeliest) = (id, text, loss, likeliest)
        }

        package var probability: Double? { loss.map { exp(-$0) } }
        /// How surprising it is, from 0 to 4; nil where nobody knows.
        var shade: Int? { loss.map { loss in Self.bounds.firstIndex { loss < $0 } ?? 4 } }

        /// Likelier than 61 %, 22 %, 5 % and 0.7 %.
        static let bounds = [0.5, 1.5, 3, 5]
    }

    /// The path of the model.
    package let model: String
    package let tokens: [Token]
    /// What the model expects after the text.
    package let next: [Candidate]
    /// The vectors that are nearest to that of each different token, with cosines.
    package let neighbours: [(token: String, nearest: [Candidate])]

    package init(
        model: String, tokens: [Token], next: [Candidate],
        neighbours: [(token: String, nearest: [Candidate])] = []
    ) {
        (self.model, self.tokens, self.next) = (model, tokens, next)
        self.neighbours = neighbours
    }

    /// Nats a token, over those that have a loss; nil where none has.
    package var meanLoss: Double? {
        let losses = tokens.compactMap(\.loss)
        return losses.isEmpty ? nil : losses.reduce(0, +) / Double(losses.count)
    }

    static func percent(_ probability: Double) -> String {
        String(format: probability < 0.0995 ? "%.2f %%" : "%.1f %%", 100 * probability)
    }
}

// MARK: In a terminal

extension TextInspection {
    /// Shades from what was expected to what surprises: background and text, of 256 colours.
    private static let colours = [
        "48;5;29;38;5;231", "48;5;65;38;5;231", "48;5;179;38;5;16", "48;5;173;38;5;16",
        "48;5;160;38;5;231",
    ]

    /// Lines for people.
    ///
    /// - Parameter isColored: whether the text stands above them with each token in a colour.
    package func text(isColored: Bool) -> String {
        var lines = [PlainText.line("model \(model)")]
        if isColored { lines += ["", tokens.map(Self.coloured).joined(), ""] }
        let rows = tokens.map { token in
            [
                QuotedText.line(PlainText.visible(token.text), limit: 24), "\(token.id)",
                token.probability.map(Self.percent) ?? "-", token.loss?.formattedTo(3) ?? "-",
                Self.list(token.likeliest),
            ]
        }
        lines += Self.table(["token", "id", "probability", "loss", "likeliest here"], rows)
        lines.append("after the text    \(Self.list(next))")
        if let meanLoss {
            lines.append(
                "loss              \(meanLoss.formattedTo(4)) nats a token, perplexity "
                    + exp(meanLoss).formattedTo(2))
        }
        return lines.joined(separator: "\n")
    }

    private static func coloured(_ token: Token) -> String {
        let text = PlainText.visible(token.text)
        guard let shade = token.shade else { return text }
        // A line break in a colour would colour the rest of the line.
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "\u{1B}[\(colours[shade])m\($0)\u{1B}[0m" }
            .joined(separator: "\n")
    }

    private static func list(_ candidates: [Candidate]) -> String {
        candidates.map {
            QuotedText.line(PlainText.visible($0.text), limit: 16) + " " + percent($0.value)
        }.joined(separator: "  ")
    }

    /// Columns as wide as their widest cell; numbers stand right.
    private static func table(_ heads: [String], _ rows: [[String]]) -> [String] {
        let widths = heads.indices.map { column in
            ([heads] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([heads] + rows).map { cells in
            let padded = cells.enumerated().map { column, cell in
                let room = String(repeating: " ", count: widths[column] - cell.count)
                return switch column {
                case 1...3: room + cell
                case heads.count - 1: cell
                default: cell + room
                }
            }
            return padded.joined(separator: "  ")
        }
    }
}
