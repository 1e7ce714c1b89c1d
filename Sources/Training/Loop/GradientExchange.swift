import Collectives
import Tensors

/// Adds the gradients of all ranks while the backward pass of the last lane still goes on.
///
/// A bucket is started when all parameters in its range are ready, the last bucket first, since the
/// backward pass comes from the end of the list; the additions and the gathering follow as the
/// messages arrive. Messages move only inside calls: each parameter that becomes ready is one.
///
/// Where gradients lie in a ring, a bucket is left once it is reduced, and `prepare` waits until the
/// memory of a parameter has been left by all ranks of the host.
final class GradientExchange {
    private let reducer: BucketReducer
    private let accumulator: LaneAccumulator
    /// Whether every rank gets the whole sum; else each gets its slices alone.
    private let isGathering: Bool
    /// Called before the first bucket of a step is started.
    private let beforeStart: () throws -> Void
    /// The ring in which the gradients lie; nil where all have memory of their own.
    private let ring: GradientRing?
    /// Called with each bucket once this rank's slice of it is reduced.
    private let whenReduced: (GradientBucket) throws -> Void
    /// The buckets that each parameter touches, by parameter.
    private let bucketsOfParameters: [Range<Int>]
    /// The parameters that each bucket waits for, when none is ready.
    private let parameterCounts: [Int]

    private var isReady: [Bool] = []
    private var missingCounts: [Int] = []
    /// Buckets from here on have been started; those from `finishedFrom` on are reduced too.
    private var startedFrom = 0
    private var finishedFrom = 0
    /// In a ring, the memory of the buckets from here on is free.
    private var freeFrom = 0
    /// The error that a backward pass, which does not throw, could not report.
    private var error: (any Error)?
    private var timing = ExchangeTiming()

    /// Buckets under way at once: each holds receive buffers.
    private static let largestLag = 8
    /// Buckets whose receive buffers may live at once.
    static let mostBuckets = largestLag + 1

    init(
        reducer: BucketReducer, accumulator: LaneAccumulator, layout: ParameterLayout,
        isGathering: Bool, ring: GradientRing? = nil,
        beforeStart: @escaping () throws -> Void = {},
        whenReduced: @escaping (GradientBucket) throws -> Void = { _ in }
    ) {
        precondition(ring == nil || !isGathering, "sums in a ring are not gathered")
        self.reducer = reducer
        self.accumulator = accumulator
        self.isGathering = isGathering
        self.ring = ring
        self.beforeStart = beforeStart
        self.whenReduced = whenReduced
        let buckets = reducer.buckets
        let touching = layout.parameters.map { parameter in
            let touched = buckets.filter { $0.range.overlaps(parameter.range) }
            return touched.first.map { $0.index..<$0.index + touched.count } ?? 0..<0
        }
        bucketsOfParameters = touching
        parameterCounts = buckets.map { bucket in
            touching.count { $0.contains(bucket.index) }
        }
    }

    /// The last lane begins: from now on `parameterIsReady` is called.
    func begin() {
        isReady = Array(repeating: false, count: bucketsOfParameters.count)
        missingCounts = parameterCounts
        startedFrom = parameterCounts.count
        (finishedFrom, freeFrom) = (startedFrom, startedFrom)
        error = nil
        timing = ExchangeTiming()
    }

    /// Returns once the memory of the gradient of `parameter`, which is to be written, is free.
    func prepare(_ parameter: Parameter) {
        guard let ring, error == nil else { return }
        let old = ring.predecessors(of: ParameterLayout.paddedRange(of: parameter))
        guard !old.isEmpty,
            let first = reducer.buckets.firstIndex(where: { $0.range.upperBound > old.lowerBound }),
            first < freeFrom
        else { return }
        precondition(
            startedFrom <= first, "the gradient of \(parameter.name) comes before those behind it")
        attempt { try freeBuckets(from: first) }
    }

    /// The last lane's gradient of `parameter` is complete.
    func parameterIsReady(_ parameter: Parameter) {
        attempt {
            note(parameter.index)
            try startReadyBuckets()
            try finishArrivedBuckets()
        }
    }

    /// Carries out a part of the exchange in the backward pass, and keeps its error for `finish`.
    private func attempt(_ work: () throws -> Void) {
        guard error == nil else { return }
        let start = ContinuousClock.now
        do { try work() } catch { self.error = error }
        timing.spend(since: start)
    }

    /// Waits for what is still missing; the last lane is complete. Afterwards the buffer of the first
    /// node holds the sum: this rank's slices, or all of it where the sums are gathered.
    func finish() throws -> ExchangeTiming {
        timing.backwardEnds()
        if let error { throw error }
        for index in isReady.indices { note(index) }
        try startReadyBuckets()
        while finishedFrom > 0 { try finishNextBucket() }
        if ring != nil { try freeBuckets(from: 0) }
        if isGathering {
            for bucket in reducer.buckets.reversed() { try reducer.finishGather(bucket) }
        }
        return timing
    }

    private func note(_ index: Int) {
        guard !isReady[index] else { return }
        isReady[index] = true
        for bucket in bucketsOfParameters[index] { missingCounts[bucket] -= 1 }
    }

    private func startReadyBuckets() throws {
        while startedFrom > 0, missingCounts[startedFrom - 1] == 0 {
            // No rank waits for gradients of another that waits for its part of the parameters.
            if startedFrom == reducer.buckets.count { try beforeStart() }
            let bucket = reducer.buckets[startedFrom - 1]
            accumulator.finishLane(in: bucket.range)
            try reducer.start(bucket, nodes: accumulator.nodeBuffers)
            startedFrom -= 1
            timing.bucketStarts()
            if finishedFrom - startedFrom > Self.largestLag { try finishNextBucket() }
        }
    }

    private func finishArrivedBuckets() throws {
        try reducer.makeProgress()
        while finishedFrom > startedFrom,
            try reducer.hasArrived(reducer.buckets[finishedFrom - 1])
        {
            try finishNextBucket()
        }
    }

    private func finishNextBucket() throws {
        let bucket = reducer.buckets[finishedFrom - 1]
        try reducer.finish(bucket)
        try whenReduced(bucket)
        if ring != nil { reducer.leave(bucket) }
        if isGathering { try reducer.startGather(bucket, in: accumulator.nodeBuffers[0]) }
        finishedFrom -= 1
    }

    /// Waits until all ranks of the host have left the buckets from `index` on.
    private func freeBuckets(from index: Int) throws {
        while finishedFrom > index { try finishNextBucket() }
        while freeFrom > index {
            try reducer.awaitLeaving(reducer.buckets[freeFrom - 1])
            freeFrom -= 1
        }
    }
}

/// How much of the exchange the backward pass hides.
struct ExchangeTiming {
    /// Time of the backward pass that went into the exchange itself: copies, additions, MPI calls.
    private(set) var spent = Duration.zero
    private var firstStart: ContinuousClock.Instant?
    private var spentBeforeStart = Duration.zero
    /// Time from the first bucket to the end of the backward pass, without what was spent: messages
    /// travelled while the rank computed.
    private(set) var hidden = Duration.zero

    mutating func spend(since start: ContinuousClock.Instant) {
        spent += ContinuousClock.now - start
    }

    mutating func bucketStarts() {
        guard firstStart == nil else { return }
        firstStart = .now
        spentBeforeStart = spent
    }

    mutating func backwardEnds() {
        guard let firstStart else { return }
        hidden = max(.zero, ContinuousClock.now - firstStart - (spent - spentBeforeStart))
    }
}
