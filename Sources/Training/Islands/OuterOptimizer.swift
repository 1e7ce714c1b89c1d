import CKernels
import Collectives
import Tensors

/// The outer steps of islands: SGD with Nesterov momentum on the differences between the weights that all
/// have in common and each island's own, averaged over the islands.
///
///     g = (1 / K) sum over islands of (common - own)
///     b = momentum b + g
///     common = common - rate (g + momentum b)
///     own = (1 - mixing) common + mixing own
///
/// Where the learning rate of the inner steps has fallen since the last outer step of a fragment, so does
/// the momentum of this one: b was gathered from longer steps, and would drive the weights on when the
/// islands no longer correct them. At a constant rate this is the rule of the papers.
///
/// Each fragment of the weights does so once in H steps; its difference sets out some steps before, so
/// that the messages travel while the islands train. Every member is collective over all islands.
package final class OuterOptimizer {
    package let islands: Islands
    package let options: OuterOptions
    /// b, of the elements that this rank owns on its island.
    package let momentum: OptimizerState
    let weights: OuterWeights
    private let schedule: OuterSchedule
    /// The learning rate of the inner steps; nil is a constant one.
    private let inner: LearningRateSchedule?
    /// Steps of the whole run.
    private let lastStep: Int
    private let codec: DeltaCodec
    /// The elements that this rank owns on its island.
    private let slices: [Range<Int>]
    private var underWay: Flight?
    /// The error of messages that were driven on where nothing throws.
    private var error: (any Error)?

    /// A fragment whose outer step is to come.
    private struct Flight {
        let fragment: Int
        /// How its outer step is made.
        let rule: Rule
        /// The sum of its differences; nil once that has become new common weights.
        var sum: DeltaSum?
    }

    /// The rate and the momentum of an outer step.
    private struct Rule {
        let rate: Double
        let momentum: Double

        /// The common weights become the average of the islands' own.
        static let average = Rule(rate: 1, momentum: 0)
    }

    static let suffix = ".outer_momentum"

    /// Takes the weights as they are for what the islands have in common.
    ///
    /// - Parameters:
    ///   - sharesWeights: whether the ranks of a node share one copy of them.
    ///   - stepCount: steps of the whole run.
    ///   - inner: the learning rate of the inner steps; nil is a constant one.
    package init(
        _ options: OuterOptions, parameters: ParameterList, sharesWeights: Bool, stepCount: Int,
        inner: LearningRateSchedule? = nil, islands: Islands
    ) throws {
        self.options = options
        self.inner = inner
        lastStep = stepCount
        self.islands = islands
        let island = islands.own
        let buckets = GradientBuckets(
            parameterCount: parameters.layout.trainedCount,
            hosts: .apart(worldSize: island.worldSize))
        momentum = OptimizerState(
            [StateList(Self.suffix)], of: parameters.layout, on: parameters.device,
            buckets: buckets,
            rank: island.rank)
        let all = (0..<island.worldSize).map(buckets.slices(ofRank:))
        slices = all[island.rank]
        weights = try islands.together {
            try OuterWeights(
                of: parameters, isShared: sharesWeights, slices: all, islands: islands)
        }
        schedule = OuterSchedule(options)
        codec = DeltaCodec(format: options.format, device: parameters.device)
        try weights.take()
    }

    /// Goes on after so many steps of the run, all of whose state has been restored.
    package func goOn(after step: Int) {
        underWay = schedule.underWay(after: step).map {
            Flight(fragment: $0, rule: .average, sum: nil)
        }
    }

    /// Lets all islands go on from the common weights alone.
    func forgetWhatIsUnderWay() { underWay = nil }

    /// Does what is due after so many inner steps of the run, all islands at the same; after its last one
    /// all fragments meet, those whose outer step is not due for their average, so that nothing learnt
    /// since is lost.
    ///
    /// - Returns: the outer steps that were made.
    package func advance(to step: Int) throws -> [OuterStep] {
        if let error { throw error }
        if let fragment = schedule.starting(after: step) {
            try start(fragment, rule(after: min(step + options.delaySteps, lastStep)))
        }
        // After a start from common weights alone, one may be due that never set out.
        let due = schedule.due(after: step).flatMap { $0 == underWay?.fragment ? $0 : nil }
        guard step == lastStep else {
            makeProgress()
            return try due.map { [try finish($0, step)] } ?? []
        }
        let first = underWay?.fragment ?? due
        let rest = (0..<options.fragmentCount).filter { $0 != first }
        return try (first.map { [$0] } ?? []).map { try finish($0, step) }
            + rest.map { fragment in
                try start(fragment, .average)
                return try finish(fragment, step)
            }
    }

    /// Whether `advance` reads or changes the island's weights after so many steps.
    func usesWeights(after step: Int) -> Bool {
        step == lastStep || schedule.starting(after: step) != nil
            || schedule.due(after: step) != nil
    }

    /// Waits for a fragment that has set out, and makes its outer step on all islands.
    private func finish(_ fragment: Int, _ step: Int) throws -> OuterStep {
        let start = ContinuousClock.now
        let sent = try land()
        try weights.mix(into: range(of: fragment), share: Float(options.mixing))
        underWay = nil
        return OuterStep(
            step: step, fragment: fragment, islandCount: islands.count, sentByteCount: sent,
            seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// Drives the messages on; cheap, to be called now and then while computing.
    package func makeProgress() {
        guard error == nil else { return }
        do { try underWay?.sum?.makeProgress() } catch { self.error = error }
    }

    /// Makes what is under way part of the common weights, before they are saved or validated; the islands
    /// go on from them when they would have.
    package func settle() throws { _ = try land() }

    /// Runs `body` on the common weights, which lie where the island's own are to be found, and those in
    /// `commonValues`.
    package func withCommonWeights<Value>(_ body: () throws -> Value) throws -> Value {
        try weights.inPlace(body)
    }

    /// The weights that the islands have in common.
    package var commonValues: GradientBuffer { weights.values }

    /// Gives up the memory that the ranks of a node share.
    package func release() throws { try weights.release() }

    /// The elements of a fragment, cut where blocks of deltas are.
    private func range(of fragment: Int) -> Range<Int> {
        let count = weights.values.count
        func border(_ number: Int) -> Int {
            guard number < options.fragmentCount else { return count }
            let start = count / options.fragmentCount * number
            return start / DeltaCodec.blockSize * DeltaCodec.blockSize
        }
        return border(fragment)..<border(fragment + 1)
    }

    private func pieces(of fragment: Int) -> [Range<Int>] {
        let range = range(of: fragment)
        return slices.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
    }

    /// The rule of an outer step that is due after so many steps.
    private func rule(after step: Int) -> Rule {
        var share = 1.0
        if let inner, step > options.everySteps {
            let before = inner.value(at: step - 1 - options.everySteps)
            share = before > 0 ? min(1, inner.value(at: step - 1) / before) : 1
        }
        return Rule(rate: options.learningRate, momentum: options.momentum * share)
    }

    private func start(_ fragment: Int, _ rule: Rule) throws {
        let pieces = pieces(of: fragment)
        let sum = DeltaSum(
            count: pieces.reduce(0) { $0 + $1.count }, codec: codec, islands: islands)
        forEachChunk(of: pieces, with: sum.values) { common, own, _, delta, count in
            kernel_subtract(delta, common, own, count)
        }
        underWay = Flight(fragment: fragment, rule: rule, sum: sum)
        try sum.start(on: (parts: 1 + 2 * fragment, sums: 2 + 2 * fragment))
    }

    /// Makes the outer step of the fragment under way, where that has not been made.
    ///
    /// - Returns: the bytes that this rank has sent for it.
    private func land() throws -> Int {
        if let error { throw error }
        guard let flight = underWay, let sum = flight.sum else { return 0 }
        try sum.finish()
        let (rate, decay) = (Float(flight.rule.rate), Float(flight.rule.momentum))
        let scale = 1 / Float(islands.count)
        forEachChunk(of: pieces(of: flight.fragment), with: sum.values) {
            common, _, momentum, delta, count in
            kernel_nesterov(common, momentum, delta, count, rate, decay, scale)
        }
        underWay?.sum = nil
        try weights.publish(range(of: flight.fragment))
        return sum.sentByteCount
    }

    /// Bytes that an island sends in H steps: of each fragment its parts to those that add them, and the
    /// sum that it adds to all.
    package static func bytesInPeriod(
        _ options: OuterOptions, _ layout: ParameterLayout, islandCount: Int
    ) -> Int {
        2 * options.format.byteCount(of: layout.trainedCount) * (islandCount - 1) / islandCount
    }

    private typealias Floats = UnsafeMutablePointer<Float>

    /// Runs `body` on chunks of the common weights, the island's own, the momentum, and a list that holds
    /// the elements of `pieces` one after the other.
    private func forEachChunk(
        of pieces: [Range<Int>], with list: GradientBuffer,
        _ body: (Floats, Floats, Floats, Floats, Int) -> Void
    ) {
        guard let common = weights.values.baseAddress, let delta = list.baseAddress else { return }
        let (own, momenta) = (weights.parameters.values.pointer, momentum.lists[0].pointer)
        var end = 0
        for piece in pieces {
            let (first, place) = (end, momentum.position(of: piece.lowerBound))
            end += piece.count
            weights.parameters.device.forEachChunk(of: piece.count, as: .optimizer) { chunk in
                let (offset, element) = (chunk.lowerBound, piece.lowerBound + chunk.lowerBound)
                body(
                    common + element, own + element, momenta + place + offset,
                    delta + first + offset, chunk.count)
            }
        }
    }
}

extension OptimizerState {
    /// The position in the first list of an element that this rank owns.
    fileprivate func position(of element: Int) -> Int {
        precondition(
            slices.contains { $0.contains(element) }, "this rank does not own element \(element)")
        return places[0].position(of: element)
    }
}
