import Foundation
import Tensors
import Testing

@Suite struct DivergenceTests {
    /// Rows, vocabulary, columns; more rows than a slice of logits has, too.
    static let shapes = [[1, 2, 2], [3, 5, 4], [7, 33, 3]]
    static let betas: [Float] = [0, 0.3, 1]

    /// By the formula, in double, of some distributions.
    private static func divergence(_ s: [Double], _ t: [Double], _ beta: Double) -> Double {
        func kl(_ p: [Double], _ q: [Double]) -> Double {
            zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
        }
        if beta == 0 { return kl(t, s) }
        if beta == 1 { return kl(s, t) }
        let m = zip(s, t).map { (1 - beta) * $0 + beta * $1 }
        return beta * kl(t, m) + (1 - beta) * kl(s, m)
    }

    private static func softmax(_ z: [Double], _ temperature: Double) -> [Double] {
        let peak = z.max() ?? 0
        let powers = z.map { exp(($0 - peak) / temperature) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// - Parameter count: of the tokens of the teacher that are known; nil for all.
    private func expectDivergence(
        _ shape: [Int], _ beta: Float, count: Int? = nil, cap: Double? = nil,
        _ directions: OperationCheck.Directions
    ) {
        var random = SplitMix64(seed: 41)
        let temperature = 0.9
        // One column more than the student has: no token of its own.
        let teacher = Reference(random: [shape[0], shape[1] + 1], in: -3...3, using: &random)
        let targets = (0..<shape[0]).map { row in
            Self.softmax(
                Array(teacher.values[row * (shape[1] + 1)..<row * (shape[1] + 1) + shape[1]]),
                temperature)
        }
        let kept = targets.map { shares in
            count.map { count in
                Array(shares.indices.sorted { shares[$0] > shares[$1] }.prefix(count))
            }
        }
        func outcomes(_ shares: [Double], _ row: Int) -> [Double] {
            guard let ids = kept[row] else { return shares }
            let known = ids.map { shares[$0] }
            return known + (ids.count < shares.count ? [1 - known.reduce(0, +)] : [])
        }
        let x = Reference(random: [shape[0], shape[2]], in: -2...2, using: &random)
        let weight = Reference(random: [shape[1], shape[2]], using: &random)
        OperationCheck(inputs: [x, weight], directions: directions, startsWithOne: true) {
            let logits = $0[0].linear($0[1].transposed).capped(by: cap)
            let losses = (0..<shape[0]).map { row in
                let z = Array(logits.values[row * shape[1]..<(row + 1) * shape[1]])
                return Self.divergence(
                    outcomes(Self.softmax(z, temperature), row), outcomes(targets[row], row),
                    Double(beta))
            }
            return Reference(shape: [1], values: [losses.reduce(0, +)])
        } operation: { tape, inputs in
            let device = tape.device
            let logits = device.tensor(teacher)
            return tape.linearDivergence(
                inputs[0], weight: inputs[1],
                from: { rows in
                    guard let count else { return .logits(logits.slice(rows)) }
                    return .likeliest(
                        device.likeliest(
                            count, of: logits.slice(rows), vocabularySize: shape[1],
                            temperature: Float(temperature)))
                }, Divergence(beta: beta, temperature: Float(temperature)),
                cap: cap.map { Float($0) }
            ).root
        }.expectAgreement()
    }

    @Test(arguments: shapes, betas)
    func lossesAndTheirGradientsAgreeWithTheFormula(_ shape: [Int], _ beta: Float) {
        expectDivergence(shape, beta, .everyCoordinate)
        expectDivergence(shape, beta, cap: 1.5, .everyCoordinate)
    }

    @Test(arguments: betas)
    func slicesOfRowsAgreeWithTheFormula(_ beta: Float) {
        expectDivergence([257, 19, 6], beta, .sampled(20))
        expectDivergence([600, 19, 6], beta, count: 4, .sampled(20))
    }

    /// All others together are one outcome; with all tokens nothing is left over.
    @Test(arguments: betas, [1, 3, 5])
    func theLikeliestTokensAgreeWithTheFormula(_ beta: Float, _ count: Int) {
        expectDivergence([3, 5, 4], beta, count: count, .everyCoordinate)
        expectDivergence([3, 5, 4], beta, count: count, cap: 1.5, .everyCoordinate)
    }

    @Test func aModelThatIsItsOwnTeacherHasNothingToLearn() {
        let device = Device(threadCount: 2)
        var random = SplitMix64(seed: 42)
        let x = device.tensor(Reference(random: [5, 4], in: -2...2, using: &random))
        let weight = device.tensor(Reference(random: [4100, 4], using: &random))
        let tape = Tape(device: device)
        let logits = device.uninitialized([5, 4100])
        device.multiply(x.matrix, weight.matrix.transposed, into: logits.matrix)
        for beta in Self.betas {
            let loss = tape.linearDivergence(
                tape.constant(x), weight: tape.constant(weight),
                from: { .logits(logits.slice($0)) }, Divergence(beta: beta, temperature: 2))
            #expect(abs(loss.value) < 1e-5)
        }
    }

    @Test func theLikeliestTokensComeInOrderAndEqualOnesByTheirIds() {
        let device = Device(threadCount: 1)
        let logits = device.tensor([1, 3, 2, 3, -1, 9] as [Float], shape: [1, 6])
        let found = device.likeliest(4, of: logits, vocabularySize: 5, temperature: 2)
        #expect(found.ids.array == [1, 3, 2, 0])
        let sum = log([1.0, 3, 2, 3, -1].reduce(0) { $0 + exp($1 / 2) })
        for (share, logit) in zip(found.logShares.array, [3.0, 3, 2, 1]) {
            #expect(abs(Double(share) - (logit / 2 - sum)) < 1e-6)
        }
    }
}
