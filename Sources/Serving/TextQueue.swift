import Generation
import Synchronization

/// A text that is to be generated.
struct TextJob: Sendable {
    let model: ServedModel
    let prompt: [Int32]
    let maximumTokens: Int
    let sampling: SamplingOptions
    /// The number of the answer to its prompt.
    var sample = 0
    var stops: [String] = []
    var stopIDs: Set<Int32> = []
    var ignoresEnd = false
    var scoredCount: Int?
    var scoresPrompt = false
    var key = ""
    /// Makes what may be drawn; nil for all.
    var constraint: (@Sendable () -> any TokenConstraint)?

    fileprivate var request: GenerationRequest {
        var request = GenerationRequest(
            model: model.model, prompt: prompt, maximumTokens: maximumTokens,
            sampler: TokenSampler(sampling, sample: sample))
        (request.stops, request.stopIDs, request.ignoresEnd) = (stops, stopIDs, ignoresEnd)
        (request.scoredCount, request.scoresPrompt) = (scoredCount, scoresPrompt)
        (request.key, request.constraint) = (key, constraint?())
        return request
    }
}

/// The way of texts to the engine: so many at a time wait, no more.
final class TextQueue: Sendable {
    /// An event of one of several texts.
    typealias Event = (index: Int, event: GenerationEvent)

    private struct State {
        var active = 0
        var refused = 0
    }

    private let thread: EngineThread
    private let slotCount: Int
    private let most: Int
    private let state = Mutex(State())
    let counts = Mutex(DecodingCounts())

    /// - Parameter queueLength: texts that may wait for a slot.
    init(_ thread: EngineThread, slotCount: Int, queueLength: Int) {
        (self.thread, self.slotCount, most) = (thread, slotCount, slotCount + queueLength)
    }

    var activeCount: Int { state.withLock(\.active) }
    var runningCount: Int { min(activeCount, slotCount) }
    var refusedCount: Int { state.withLock(\.refused) }

    /// The events of some texts until all are done. Who stops reading ends them.
    ///
    /// - Throws: where too many wait already.
    func events(of jobs: [TextJob]) throws(APIFailure) -> AsyncStream<Event> {
        let isFull = state.withLock { state in
            if state.active + jobs.count > max(most, jobs.count) {
                state.refused += 1
                return true
            }
            state.active += jobs.count
            return false
        }
        guard !isFull else { throw busy }
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        let batch = TextBatch(count: jobs.count)
        continuation.onTermination = { [self] ending in
            state.withLock { $0.active -= jobs.count }
            guard case .cancelled = ending else { return }
            thread.perform { engine in batch.cancel(in: engine) }
        }
        thread.perform { [self] engine in
            for (index, job) in jobs.enumerated() {
                batch.add(
                    engine.add(job.request) { event in
                        if batch.isLast(event) {
                            self.counts.withLock { $0 = engine.counts }
                            continuation.yield((index, event))
                            continuation.finish()
                            return true
                        }
                        if case .terminated = continuation.yield((index, event)) { return false }
                        return true
                    })
            }
        }
        return stream
    }

    /// The mean of what a model holds at the tokens of each text, of length 1.
    ///
    /// - Throws: where too many texts wait already.
    func embeddings(
        of texts: [[Int32]], _ model: ServedModel
    ) async throws(APIFailure) -> [[Float]] {
        let isFull = state.withLock { state in
            if state.active + texts.count > max(most, texts.count) { return true }
            state.active += texts.count
            return false
        }
        guard !isFull else { throw busy }
        defer { state.withLock { $0.active -= texts.count } }
        return await withCheckedContinuation { continuation in
            thread.perform { _ in
                continuation.resume(returning: texts.map { model.model.meanState(of: $0) })
            }
        }
    }

    private var busy: APIFailure {
        var failure = APIFailure(
            "The server is busy: \(activeCount) texts are being generated or wait, at most "
                + "\(most) may. Please try again.", code: "rate_limit_exceeded", status: 429)
        failure.retrySeconds = 1
        return failure
    }

    /// Frees what slots keep of models that are served no more.
    func forget(allBut models: [ServedModel]) {
        thread.perform { engine in engine.forget(allBut: models.map(\.model)) }
    }
}

/// The texts of a request on the thread of the engine, which alone touches them.
private final class TextBatch: @unchecked Sendable {
    private var numbers: [Int] = []
    private var left: Int

    init(count: Int) { left = count }

    func add(_ number: Int) { numbers.append(number) }

    func cancel(in engine: DecodingEngine) { for number in numbers { engine.cancel(number) } }

    /// Whether no more events come after this one.
    func isLast(_ event: GenerationEvent) -> Bool {
        switch event {
        case .end, .failure: left -= 1
        default: return false
        }
        return left == 0
    }
}
