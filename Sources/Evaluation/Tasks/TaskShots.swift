import Datasets
import Diagnostics

/// The answered documents before each question of a task, in the order of the questions.
struct TaskShots {
    private let pool: [TaskDocument]
    private let sampler: TaskExamples.Sampler
    private let leavesOutQuestion: Bool
    private let count: Int
    private var random = PythonRandom(seed: Self.seed)

    /// The seed of the harness.
    private static let seed: UInt32 = 1234

    /// - Throws: `Failure` for fewer documents than are to be shown.
    init(_ task: EvaluationTask, count: Int) throws(Failure) {
        let examples = task.definition.examples
        pool =
            examples.indices.map {
                $0.filter(task.examples.indices.contains).map { task.examples[$0] }
            }
            ?? task.examples
        (sampler, self.count) = (examples.sampler, count)
        leavesOutQuestion = task.definition.source.leavesOutQuestion && examples.documents == nil
        let available = max(0, pool.count - (leavesOutQuestion ? 1 : 0))
        guard count > available else { return }
        throw Failure(
            "there are too few answered questions to show", expected: "at most \(available)",
            got: "\(count)", at: task.definition.name, remedy: "show fewer", kind: .usage)
    }

    /// The documents before the next question. Each question must be asked for, since all draw from one
    /// row of random numbers.
    mutating func next(before document: TaskDocument) -> [TaskDocument] {
        guard count > 0 else { return [] }
        switch sampler {
        case .first:
            guard leavesOutQuestion else { return Array(pool.prefix(count)) }
            return Array(pool.lazy.filter { $0.fields != document.fields }.prefix(count))
        case .random:
            guard leavesOutQuestion else { return random.sample(pool, count) }
            let drawn = random.sample(pool, count + 1).filter { $0.fields != document.fields }
            guard drawn.count < count else { return Array(drawn.prefix(count)) }
            let others = pool.filter { $0.fields != document.fields }
            return random.sample(others, min(count, others.count))
        }
    }
}
