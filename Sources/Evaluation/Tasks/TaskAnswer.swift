import Datasets
import Diagnostics
import JSON

/// The answer of a model to one document, and what the metrics find.
package struct TaskAnswer: Sendable {
    package let place: String
    /// How likely each text is; NaN where the model gives no number. Choices without a context come after
    /// those with it.
    package let likelihoods: [TaskLikelihood]
    /// What the model wrote; nil where it was asked for likelihoods.
    package let text: String?
    /// Whether the beginning of a prompt was left out.
    package let isCut: Bool
    /// The numbers of the right choices, or the texts that are right.
    let rightChoices: [Int]
    let rightTexts: [String]
    /// The answer that each filter leaves of a text.
    let filtered: [String: String]
    /// The scores by filter and metric.
    let scores: [String: [String: TaskScore]]

    /// What a rank tells of its answer.
    package static func json(_ likelihoods: [TaskLikelihood], isCut: Bool) -> JSONValue {
        .array(
            [.boolean(isCut)]
                + likelihoods.flatMap {
                    [JSONValue.number($0.logLikelihood), .boolean($0.isGreedy)]
                })
    }

    /// - Parameter json: what a rank told.
    package init(_ json: JSONValue, _ document: TaskDocument, _ task: TaskDefinition) throws {
        let question = try TaskQuestion(document, task.fields)
        let values = json.array ?? []
        let likelihoods = stride(from: 1, to: values.count, by: 2).map {
            TaskLikelihood(
                logLikelihood: values[$0].double ?? .nan,
                isGreedy: values[$0 + 1].boolean ?? false)
        }
        let text = json.string
        let filtered = text.map { text in
            Dictionary(task.filters.map { ($0.name, $0.answer(in: text)) }) { first, _ in first }
        }
        place = document.place
        (self.likelihoods, self.text, self.filtered) = (likelihoods, text, filtered ?? [:])
        isCut = values.first?.boolean ?? false
        let isChoice = task.outputType == .multipleChoice
        rightChoices = isChoice ? try question.rightChoices() : []
        rightTexts = question.rightTexts
        let scorer = TaskScorer(
            question: question, rightChoices: rightChoices, likelihoods: likelihoods)
        var scores: [String: [String: TaskScore]] = [:]
        for filter in task.filters {
            let pairs = task.metrics.map { metric in
                (metric.name, scorer.score(metric, of: filtered?[filter.name]))
            }
            scores[filter.name] = Dictionary(pairs) { first, _ in first }
        }
        self.scores = scores
    }

    /// Whether the model gave numbers.
    var isFinite: Bool { likelihoods.allSatisfy(\.logLikelihood.isFinite) }
}

/// What the metrics find of an answer.
struct TaskScorer {
    let question: TaskQuestion
    let rightChoices: [Int]
    let likelihoods: [TaskLikelihood]

    func score(_ metric: TaskMetric, of text: String?) -> TaskScore {
        guard likelihoods.allSatisfy(\.logLikelihood.isFinite) else { return .number(.nan) }
        if let text { return .number(score(metric, ofText: text)) }
        guard !question.choices.isEmpty else { return .number(single(metric.name)) }
        switch metric.name {
        case "f1", "macro_f1", "weighted_f1", "mcc":
            return .classes(right: rightChoices.first ?? 0, chosen: chosen { values, _ in values })
        case "exact_match":
            return .number(rightChoices.contains { likelihoods[$0].isGreedy } ? 1 : 0)
        default: return .number(isRight(metric.name) ? 1 : 0)
        }
    }

    private func single(_ name: String) -> Double {
        guard let likelihood = likelihoods.first else { return .nan }
        return name == "perplexity" ? likelihood.logLikelihood : likelihood.isGreedy ? 1 : 0
    }

    private func isRight(_ name: String) -> Bool {
        let answer =
            switch name {
            case "acc_norm": chosen { $0 / Double($1.unicodeScalars.count) }
            case "acc_bytes": chosen { $0 / Double($1.utf8.count) }
            case "acc_mutual_info": likeliestBeyondItself
            default: chosen { value, _ in value }
            }
        return rightChoices.contains(answer)
    }

    /// The choice of the largest value; the first of equals.
    private func chosen(_ value: (Double, String) -> Double) -> Int {
        zip(likelihoods, question.choices).map { value($0.logLikelihood, $1) }.firstMaximum
    }

    /// The choice that the context makes likelier than it is by itself, more than the others.
    private var likeliestBeyondItself: Int {
        let count = question.choices.count
        return (0..<count).map {
            likelihoods[$0].logLikelihood - likelihoods[count + $0].logLikelihood
        }.firstMaximum
    }

    private func score(_ metric: TaskMetric, ofText text: String) -> Double {
        let right = question.rightTexts
        switch metric.name {
        case "exact_match": return right.contains { metric.matching.matches(text, $0) } ? 1 : 0
        case "exact": return best(SquadText.right(right)) { SquadText(text).exactness($0) }
        case "f1": return best(SquadText.right(right)) { SquadText(text).f1($0) }
        default:
            let isStemmed = metric.comparesStems
            let rouge = RougeText(text, isStemmed: isStemmed)
            return best(right.map { RougeText($0, isStemmed: isStemmed) }) { other in
                switch metric.name {
                case "rouge1": rouge.f(other, inRow: 1)
                case "rouge2": rouge.f(other, inRow: 2)
                case "rougeL": rouge.longest(other)
                default: rouge.longestOfSentences(other)
                }
            }
        }
    }

    private func best<Right>(_ right: [Right], _ value: (Right) -> Double) -> Double {
        right.map(value).max() ?? 0
    }
}

extension [Double] {
    /// The place of the largest; the first of equals.
    var firstMaximum: Int { indices.reduce(0) { self[$1] > self[$0] ? $1 : $0 } }
}

extension TaskAnswer {
    /// A line of `--answers`.
    func json(task: TaskDefinition) -> JSONValue {
        var members: [String: JSONValue] = [
            "task": .string(task.name), "place": .string(place), "cut": .boolean(isCut),
        ]
        if let text {
            members["text"] = .string(text)
            members["gold"] = .array(rightTexts.map(JSONValue.string))
            members["answers"] = .object(filtered.mapValues(JSONValue.string))
            return .object(members)
        }
        members["log_likelihoods"] = .array(likelihoods.map { .number($0.logLikelihood) })
        members["greedy"] = .array(likelihoods.map { .boolean($0.isGreedy) })
        guard task.outputType == .multipleChoice else { return .object(members) }
        members["gold"] =
            rightChoices.count == 1
            ? .integer(rightChoices[0]) : .array(rightChoices.map(JSONValue.integer))
        let values = likelihoods.map(\.logLikelihood)
        members["answer"] = isFinite ? .integer(values.firstMaximum) : .null
        return .object(members)
    }
}
