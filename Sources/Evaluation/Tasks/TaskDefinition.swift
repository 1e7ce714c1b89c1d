import Datasets
import Diagnostics
import JSON

/// A task of lm-evaluation-harness: what a model reads of a document, what it is asked, and how the
/// answers are measured.
package struct TaskDefinition: Sendable {
    /// The kind of question.
    package enum OutputType: String, CaseIterable, Sendable {
        /// How likely each of some choices is.
        case multipleChoice = "multiple_choice"
        /// How likely a text is, and whether each of its tokens is the likeliest.
        case logLikelihood = "loglikelihood"
        /// What the model writes.
        case generateUntil = "generate_until"
    }

    package var name: String
    /// The tasks of one group are reported together, too.
    package var group: String?
    package let outputType: OutputType
    package var source: TaskSource
    let metrics: [TaskMetric]
    let filters: [TaskFilter]
    let generation: TaskGeneration
    /// Stands before the examples.
    let description: TaskField?
    let fields: TaskFields
    let targetDelimiter: String
    /// The answered documents that are shown.
    let examples: TaskExamples
    /// How many of them.
    package let shots: Int
}

/// What is taken from a document.
struct TaskFields: Sendable {
    var text: TaskField
    var target: TaskField
    var choices: TaskField?
    /// The beginning of the answer that the model reads.
    var answerPrefix: TaskField?
}

/// The choice and the form of the answered documents before a question.
struct TaskExamples: Sendable {
    /// In which way documents are chosen.
    enum Sampler: String, CaseIterable {
        /// Drawn anew for each question, as Python's generator of random numbers does it.
        case random = "default"
        case first = "first_n"
    }

    var sampler = Sampler.random
    var fields: TaskFields
    var targetDelimiter: String
    var delimiter: String
    /// The documents themselves; nil where they are of a split.
    var documents: [TaskDocument]?
    var indices: [Int]?
}

/// Where the documents of a task are.
package struct TaskSource: Sendable {
    package var files: [String: [String]] = [:]
    package var table = TaskTable()
    package internal(set) var training: String?
    package internal(set) var validation: String?
    package internal(set) var test: String?
    package internal(set) var fewshot: String?
    /// The data set that the harness would download.
    package internal(set) var dataset: String?

    /// The split whose documents are asked.
    package var split: String? { test ?? validation }

    /// The split of the answered documents, by the rule of the harness where none is named.
    var exampleSplit: String? {
        if let fewshot { return fewshot }
        return [training, validation, test].compactMap { $0 }.first { files[$0] != nil }
    }

    /// Whether a question is left out of the answered documents before it.
    var leavesOutQuestion: Bool { fewshot == test }

    /// The same task on other files: the questions, and the answered documents, which are other
    /// questions where there is no file of them.
    package mutating func replaceFiles(_ questions: [String], examples: [String]) {
        test = "test"
        fewshot = examples.isEmpty ? "test" : "examples"
        files = ["test": questions]
        if !examples.isEmpty { files["examples"] = examples }
    }
}

/// How texts are written.
struct TaskGeneration: Sendable {
    var stops: [String] = []
    var maximumTokens = 256
}
