import Collectives
import Datasets
import Diagnostics
import JSON

/// Evaluates tasks on all ranks together.
///
/// Rank r has questions r, r + R, ...; what the engine computes of one does not depend on the others, so
/// the results have the same bits for every world size.
package struct TaskEvaluation {
    private let model: TaskModel

    package init(_ model: TaskModel) { self.model = model }

    /// The results of the first `limit` documents, in their order, on every rank. Collective.
    ///
    /// - Parameter shots: answered documents shown before each; nil for as many as the task says.
    package func results(
        of task: EvaluationTask, shots: Int? = nil, limit: Int? = nil,
        over communicator: any Communicator
    ) throws -> TaskResults {
        let documents = task.documents.prefix(limit ?? .max)
        let shots = shots ?? task.definition.shots
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let own: [JSONValue] = try communicator.agree {
            var examples = try TaskShots(task, count: shots)
            let shown = documents.map { examples.next(before: $0) }
            let numbers = Array(stride(from: rank, to: documents.count, by: worldSize))
            return try answers(
                of: numbers.map { (documents[$0], shown[$0]) }, by: task.definition)
        }
        let all = try communicator.allGather(ofAnySize: JSONValue.array(own).rendered(.compact))
        let told = try communicator.agree { try all.map { try Self.list($0) } }
        return try communicator.agree {
            try TaskResults(
                task: task.definition, shots: shots,
                answers: documents.enumerated().map { index, document in
                    try TaskAnswer(
                        told[index % worldSize][index / worldSize], document, task.definition)
                })
        }
    }

    private static func list(_ bytes: [UInt8]) throws -> [JSONValue] {
        try JSONValue(parsing: bytes, at: "the answers of a rank").array ?? []
    }

    private typealias Shown = (document: TaskDocument, examples: [TaskDocument])

    private func answers(
        of documents: [Shown], by definition: TaskDefinition
    ) throws -> [JSONValue] {
        let prompt = TaskPrompt(definition: definition)
        let questions = try documents.map { document, examples in
            (
                question: try TaskQuestion(document, definition.fields),
                prefix: try prompt.prefix(of: document, examples: examples)
            )
        }
        guard definition.outputType == .generateUntil else {
            return try likelihoods(questions, prompt)
        }
        let encoder = model.encoder
        let prompts = try questions.map { question, prefix in
            try Self.named(question) {
                try encoder.ids(of: prompt.context(of: question, after: prefix))
            }
        }
        return try model.texts(after: prompts, definition.generation).map(JSONValue.string)
    }

    private func likelihoods(
        _ questions: [(question: TaskQuestion, prefix: String)], _ prompt: TaskPrompt
    ) throws -> [JSONValue] {
        let encoder = model.encoder
        let isBare = prompt.definition.metrics.contains { $0.name == "acc_mutual_info" }
        let pairs = try questions.map { question, prefix in
            try Self.named(question) {
                try
                    (prompt.pairs(of: question, after: prefix)
                    + (isBare ? prompt.bareChoices(of: question) : [])).map {
                        try TokenPair($0, encoder, contextLength: model.contextLength)
                    }
            }
        }
        var rest = try model.likelihoods(of: Array(pairs.joined()))[...]
        return pairs.map { pairs in
            defer { rest.removeFirst(pairs.count) }
            return TaskAnswer.json(
                Array(rest.prefix(pairs.count)), isCut: pairs.contains(where: \.isCut))
        }
    }

    /// Names the document in errors.
    private static func named<Value>(
        _ question: TaskQuestion, _ body: () throws -> Value
    ) throws -> Value {
        do { return try body() } catch var failure as Failure {
            let place = question.document.place
            failure.place = failure.place.map { $0 == place ? place : "\($0), \(place)" } ?? place
            throw failure
        }
    }
}
