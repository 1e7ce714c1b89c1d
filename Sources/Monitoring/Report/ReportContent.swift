import Diagnostics
import Training

/// What a report tells of a run, without a form.
package struct ReportContent: Sendable {
    package struct Fact: Equatable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    /// A text of the model.
    package struct Sample: Equatable, Sendable {
        package let step: Int?
        package let prompt: String
        package let text: String

        package init(step: Int?, prompt: String, text: String) {
            (self.step, self.prompt, self.text) = (step, prompt, text)
        }
    }

    /// Figures of the model on some data.
    package struct Evaluation: Equatable, Sendable {
        package let step: Int?
        package let data: String
        package let figures: [Fact]

        package init(step: Int?, data: String, figures: [Fact]) {
            (self.step, self.data, self.figures) = (step, data, figures)
        }
    }

    /// What was expected of a run before it began, and what it was.
    package struct Comparison: Equatable, Sendable {
        package let name: String
        package let planned: String
        package let measured: String
        /// Planned to measured.
        package let ratio: Double

        package init(name: String, planned: String, measured: String, ratio: Double) {
            (self.name, self.planned, self.measured, self.ratio) = (name, planned, measured, ratio)
        }

        /// The four cells of a row.
        var cells: [String] {
            [name, planned, measured, "\(ratio.formattedTo(2)) times what it was"]
        }

        static let heads = ["", "planned", "was", "the plan said"]
    }

    /// A command to use the model, and what it does.
    package struct Usage: Equatable, Sendable {
        package let purpose: String
        package let command: String

        package init(_ purpose: String, _ command: String) {
            (self.purpose, self.command) = (purpose, command)
        }
    }

    /// The name of the run.
    package var title: String
    /// Steps of the whole run; nil where nobody knows.
    package var plannedStepCount: Int?
    package var history: RunHistory
    /// What was trained on what.
    package var facts: [Fact] = []
    /// The keys of the recipe that differ from their defaults, as YAML.
    package var recipe = ""
    package var samples: [Sample] = []
    package var evaluations: [Evaluation] = []
    /// How near the plan came.
    package var comparisons: [Comparison] = []
    package var usage: [Usage] = []
    /// Where the time of traced steps went; nil where none were.
    package var times: TraceSummary?
    /// What of the run could not be read.
    package var gaps: [String] = []

    package init(title: String, history: RunHistory) {
        (self.title, self.history) = (title, history)
    }
}
