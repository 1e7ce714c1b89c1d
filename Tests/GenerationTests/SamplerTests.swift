import Diagnostics
import Foundation
import Generation
import Tensors
import Testing

/// What transformers samples from (Tests/Fixtures/make_sampling_fixtures.py).
struct SamplingReference: Decodable, Sendable {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let temperature: Double?
        let topK: Int?
        let topP: Double?
        let repetitionPenalty: Double?
        let probabilities: [Double]
        let greedy: Int32

        var testDescription: String {
            "temperature \(temperature ?? 1), top-k \(topK ?? 0), top-p \(topP ?? 1), "
                + "penalty \(repetitionPenalty ?? 1)"
        }

        func options(seed: UInt64) -> SamplingOptions {
            var options = SamplingOptions(seed: seed)
            options.temperature = temperature ?? 1
            options.topK = topK
            options.topP = topP
            options.repetitionPenalty = repetitionPenalty ?? 1
            return options
        }
    }

    let logits: [Float]
    let sequence: [Int32]
    let cases: [Case]

    static let shared: SamplingReference? = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = tests.appending(path: "Fixtures/sampling/transformers.json")
        return (try? Data(contentsOf: file)).flatMap {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try? decoder.decode(SamplingReference.self, from: $0)
        }
    }()
}

@Suite struct SamplerTests {
    let reference: SamplingReference

    static let drawCount = 20_000

    init() throws {
        reference = try #require(SamplingReference.shared)
    }

    @Test func onlyTheLargestLogitsAreWantedWhereNoOtherCanBeDrawn() {
        func wanted(_ temperature: Double, _ topK: Int?, _ penalty: Double = 1) -> LargestWanted? {
            var options = SamplingOptions(seed: 1)
            (options.temperature, options.topK) = (temperature, topK)
            options.repetitionPenalty = penalty
            return TokenSampler(options).wanted(ofVocabulary: 100)
        }
        #expect(wanted(0, nil) == LargestWanted(1, among: 100))
        #expect(wanted(0, 7) == LargestWanted(1, among: 100))
        #expect(wanted(0.8, 7) == LargestWanted(7, among: 100))
        #expect(wanted(0.8, nil) == nil)
        #expect(wanted(0.8, 7, 1.2) == nil)
        #expect(wanted(0, nil, 0.9) == nil)
    }

    @Test func everyCaseOfTheReferenceIsRead() {
        #expect(reference.cases.count == 18)
    }

    /// Chi-square over the tokens that may be drawn; the others are never drawn. The seed is fixed: the
    /// limit, far beyond the 0.1 % point, is never met by chance again.
    @Test(arguments: SamplingReference.shared?.cases ?? [])
    func drawsFollowTheDistributionOfTransformers(_ expected: SamplingReference.Case) throws {
        var counts = [Int](repeating: 0, count: expected.probabilities.count)
        var sampler = TokenSampler(expected.options(seed: 11))
        for _ in 0..<Self.drawCount {
            counts[Int(try sampler.draw(reference.logits, after: reference.sequence))] += 1
        }
        var statistic = 0.0
        for (count, probability) in zip(counts, expected.probabilities) {
            let mean = probability * Double(Self.drawCount)
            if mean == 0 {
                #expect(count == 0)
            } else {
                statistic += (Double(count) - mean) * (Double(count) - mean) / mean
            }
        }
        let freedom = Double(expected.probabilities.count { $0 > 0 } - 1)
        #expect(statistic <= freedom + 4 * (2 * freedom).squareRoot(), "\(counts)")
    }

    @Test(arguments: SamplingReference.shared?.cases ?? [])
    func temperatureZeroTakesTheGreedyTokenOfTransformers(
        _ expected: SamplingReference.Case
    ) throws {
        var options = expected.options(seed: 1)
        options.temperature = 0
        var sampler = TokenSampler(options)
        #expect(try sampler.draw(reference.logits, after: reference.sequence) == expected.greedy)
    }

    @Test func ofEqualLogitsGreedyTakesTheLowestID() throws {
        var options = SamplingOptions(seed: 1)
        options.temperature = 0
        var sampler = TokenSampler(options)
        #expect(try sampler.draw([1, 3, 3, 2]) == 1)
    }

    /// More tokens than the nucleus is first looked for among.
    @Test func nucleusOfManyTokensIsTheSmallestThatReachesItsShare() throws {
        var options = SamplingOptions(seed: 3)
        options.topP = 0.5
        var sampler = TokenSampler(options)
        // 300 tokens of nearly the same weight: the nucleus is the first 150.
        let logits = (0..<300).map { -1e-7 * Float($0) }
        let drawn = try (0..<1500).map { _ in try sampler.draw(logits) }
        #expect(drawn.max() == 149)
        #expect(Set(drawn).count == 150)
    }

    @Test func aSeedDecidesTheDrawsAndSamplesDiffer() throws {
        let logits = [Float](repeating: 0, count: 1000)
        func draws(seed: UInt64, sample: Int) throws -> [Int32] {
            var sampler = TokenSampler(SamplingOptions(seed: seed), sample: sample)
            return try (0..<8).map { _ in try sampler.draw(logits) }
        }
        let first = try draws(seed: 5, sample: 0)
        #expect(try draws(seed: 5, sample: 0) == first)
        #expect(try draws(seed: 6, sample: 0) != first)
        #expect(try draws(seed: 5, sample: 1) != first)
    }

    @Test func extremeTemperaturesStayDefined() throws {
        var options = SamplingOptions(seed: 1)
        options.temperature = 1e-300
        var cold = TokenSampler(options)
        #expect(try cold.draw([-3e38, 3e38, 0]) == 1)
        options.temperature = 1e300
        var hot = TokenSampler(options)
        let drawn = try Set((0..<100).map { _ in try hot.draw([-3e38, 3e38, 0]) })
        #expect(drawn == [0, 1, 2])
    }

    @Test func tokensOfNoProbabilityAreNeverDrawn() throws {
        var sampler = TokenSampler(SamplingOptions(seed: 1))
        for _ in 0..<200 {
            #expect(try sampler.draw([-.infinity, 1, -.infinity, -.infinity]) == 1)
        }
    }

    @Test(arguments: [
        [Float.nan, .nan], [1, .nan, 2], [-.infinity, -.infinity], [.infinity, 0], [],
    ])
    func logitsWithoutAFiniteMaximumAreAFailure(logits: [Float]) {
        var sampler = TokenSampler(SamplingOptions(seed: 1))
        #expect(throws: Failure.self) { try sampler.draw(logits) }
    }
}
