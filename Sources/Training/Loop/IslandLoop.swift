import Collectives

/// What the training loop does more on islands: the outer steps, decisions that all islands share, and
/// checkpoints of what they have in common and apart.
final class IslandLoop {
    private let outer: OuterOptimizer
    private let optimizer: Optimizer
    private let decisions: IslandDecisions
    private let journal: RunJournal?
    /// The island's part in the word of the last step.
    private var word = IslandDecisions.Word()
    private var heard = Heard()

    /// What all islands have told since the last outer step.
    private struct Heard {
        var lossSum = 0.0
        var weight = 0.0
        var skippedCount = 0

        mutating func add(_ words: [IslandDecisions.Word]) {
            lossSum += words.reduce(0) { $0 + $1.lossSum }
            weight += words.reduce(0) { $0 + $1.weight }
            skippedCount += words.reduce(0) { $0 + Int($1.skippedCount) }
        }
    }

    init(_ outer: OuterOptimizer, optimizer: Optimizer, journal: RunJournal?) {
        self.outer = outer
        self.optimizer = optimizer
        self.journal = journal
        decisions = IslandDecisions(outer.islands)
    }

    /// Makes the outer steps that are due after an inner step.
    func advance(to step: Int, _ gradient: BatchGradient) throws {
        word.lossSum = gradient.isFinite ? gradient.lossSum : 0
        word.weight = gradient.isFinite ? gradient.weight : 0
        word.skippedCount = gradient.isFinite ? 0 : 1
        if outer.usesWeights(after: step) { try optimizer.completeParameters() }
        let outerSteps = try outer.advance(to: step)
        if !outerSteps.isEmpty { optimizer.acceptWeights() }
        for outerStep in outerSteps {
            try journal?.outerStep(
                outerStep, loss: heard.weight > 0 ? heard.lossSum / heard.weight : nil,
                skippedCount: heard.skippedCount)
            heard = Heard()
        }
    }

    /// The highest stop and progress of all islands, of some steps ago: in between they train on without
    /// waiting for each other.
    func agree(_ own: [Int64]) throws -> [Int64] {
        (word.stop, word.progress) = (own[0], own[1])
        let agreed = try outer.islands.alone { try decisions.exchange(word) }
        heard.add(agreed.words)
        return [agreed.stop, agreed.progress ?? CheckpointSaver.Progress.working.rawValue]
    }

    /// Runs `body` on the weights that the islands have in common, of which what is under way becomes a
    /// part.
    func onCommonWeights<Value>(_ body: () throws -> Value) throws -> Value {
        try outer.settle()
        return try outer.withCommonWeights(body)
    }

    /// Brings all islands to the same step, and notes in `state` what they count apart.
    func prepareSave(_ state: inout TrainerState) throws {
        for words in try decisions.restart() { heard.add(words) }
        state.islands = try outer.counts(of: state)
    }
}
