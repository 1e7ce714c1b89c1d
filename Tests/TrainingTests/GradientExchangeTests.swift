import Collectives
import Datasets
import Diagnostics
import JSON
import Models
import Objectives
import Tensors
import Testing
import TinyTrainings

/// When buckets travel, as the communicator sees it: a training on one rank over three buckets, of which
/// each arrives at once.
@Suite struct GradientExchangeTests {
    @Test func bucketsTravelFromTheLastOnDuringTheLastBackwardPass() throws {
        let journal = Journal()
        try step(journal)
        // Four lanes of two micro-batches.
        let before = Array(repeating: Journal.Event.backwardEnd, count: 7)
        #expect(
            journal.events == before + [
                .start(2), .gather(2), .start(1), .gather(1), .start(0), .gather(0), .backwardEnd,
            ])
    }

    @Test func bucketsThatWaitForWhatIsNotReachedTravelAfterTheBackwardPass() throws {
        let journal = Journal()
        try step(journal) { ShortcutObjective(model: $0) }
        #expect(
            journal.events.suffix(7) == [
                .start(2), .gather(2), .backwardEnd, .start(1), .start(0), .gather(1), .gather(0),
            ])
    }

    @Test(arguments: [Journal.Event.start(2), .gather(2), .start(0), .gather(1)])
    func anErrorDuringTheBackwardPassEndsTheStep(event: Journal.Event) throws {
        let journal = Journal()
        journal.failing = event
        let failure = #expect(throws: Failure.self) { try step(journal) }
        #expect(failure?.what == "the exchange failed")
        #expect(journal.events.suffix(2) == [event, .backwardEnd])
    }

    /// Lanes are added in another order than the sequences of one batch.
    private static let tolerance = 1e-5

    /// A bucket that starts before its gradient is complete lacks the last micro-batch.
    @Test func theSumIsTheGradientOfTheWholeBatch() throws {
        let journal = Journal()
        let line = try step(journal)
        let batch = try #require(journal.batch)
        let model = try TinyTraining(embeddingSize: 128, layerCount: 3).model
        let objective = BrokenObjective(model: model, brokenSteps: [], gradientScale: 1)
        let all = 0..<batch.lengths.count
        let gradients = ParameterGradients(model.parameters)
        let tape = Tape(device: model.device, gradients: gradients)
        tape.backward(from: objective.loss(tape, batch, part: all, dropout: nil).root)
        let squares = gradients.values.array.reduce(0) { $0 + Double($1) * Double($1) }
        let wanted = squares.squareRoot() / objective.weight(of: batch, part: all)
        let norm = try #require(line["gradient_norm"]?.double)
        #expect(abs(norm - wanted) <= Self.tolerance * wanted, "\(norm), \(wanted)")
    }

    /// - Returns: the line of metrics.
    @discardableResult
    private func step(
        _ journal: Journal,
        of objective: (LanguageModel) -> any Objective = {
            BrokenObjective(model: $0, brokenSteps: [], gradientScale: 1)
        }
    ) throws -> JSONValue {
        var training = try TinyTraining(embeddingSize: 128, layerCount: 3)
        (training.batchSize, training.microBatchSize, training.laneCount) = (8, 1, 4)
        let buckets = GradientBuckets(
            parameterCount: training.model.parameters.layout.trainedCount,
            hosts: .apart(worldSize: 1))
        _ = try training.train(
            on: JournalObjective(base: objective(training.model), journal: journal), steps: 1,
            maximumSkippedSteps: 0, over: JournalCommunicator(journal, buckets))
        let line = try training.folder.text("metrics.jsonl").prefix { $0 != "\n" }
        return try JSONValue(parsing: Array(line.utf8), at: "metrics.jsonl")
    }
}

/// What happened, in order.
final class Journal {
    enum Event: Equatable, Sendable {
        case start(Int)
        case gather(Int)
        /// Of one micro-batch.
        case backwardEnd
    }

    var events: [Event] = []
    var batch: TokenBatch?
    /// At which the communicator throws.
    var failing: Event?
}

/// Is asked for the weight of a micro-batch when its backward pass has ended.
private struct JournalObjective: Objective {
    let base: any Objective
    let journal: Journal

    var parameters: ParameterList { base.parameters }

    func weight(of batch: TokenBatch, part: Range<Int>) -> Double {
        journal.events.append(.backwardEnd)
        return base.weight(of: batch, part: part)
    }

    func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        journal.batch = batch
        return base.loss(tape, batch, part: part, dropout: dropout)
    }
}

/// One rank that writes the exchanges of buckets down.
private final class JournalCommunicator: Communicator {
    private let base = SingleProcess()
    private let journal: Journal
    private let buckets: GradientBuckets

    init(_ journal: Journal, _ buckets: GradientBuckets) {
        (self.journal, self.buckets) = (journal, buckets)
    }

    var rank: Int { base.rank }
    var worldSize: Int { base.worldSize }
    var hosts: HostMap { base.hosts }

    func barrier() { base.barrier() }

    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
        base.broadcast(bytes, from: root)
    }

    func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) {
        base.allGather(bytes, counts: counts, into: all)
    }

    func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction
    ) {}

    func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) {}

    func drive() {}

    func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) throws -> PendingExchange {
        if let event = event(on: channel) {
            journal.events.append(event)
            if event == journal.failing { throw Failure("the exchange failed") }
        }
        return base.exchange(on: channel, sends: sends, receives: receives)
    }

    /// The nodes of a bucket travel on the channel before that of its sum.
    private func event(on channel: Int) -> Journal.Event? {
        for bucket in buckets {
            if channel == bucket.gatherChannel { return .gather(bucket.index) }
            if channel == bucket.gatherChannel - 1 { return .start(bucket.index) }
        }
        return nil
    }

    func shareMemory(byteCount: Int) -> SharedMemoryOutcome {
        base.shareMemory(byteCount: byteCount)
    }

    func split(color: Int) -> any Communicator { self }

    func abort(exitCode: Int32) -> Never { base.abort(exitCode: exitCode) }
}
