import Foundation
import Tensors
import Testing

@Suite struct TargetLikelihoodTests {
    /// Rows, vocabulary, columns; more rows than a slice of logits has, too.
    static let shapes = [[1, 1, 2], [3, 5, 4], [7, 33, 3]]

    private func expectLikelihoods(
        _ shape: [Int], cap: Double?, _ directions: OperationCheck.Directions
    ) {
        var random = SplitMix64(seed: 31)
        let targets = (0..<shape[0]).map { _ in
            Int32.random(in: 0..<Int32(shape[1]), using: &random)
        }
        let x = Reference(random: [shape[0], shape[2]], in: -2...2, using: &random)
        let weight = Reference(random: [shape[1], shape[2]], using: &random)
        OperationCheck(inputs: [x, weight], directions: directions) {
            let logits = $0[0].linear($0[1].transposed).capped(by: cap)
            return Reference(
                shape: [shape[0]],
                values: logits.rows.enumerated().map { row, z in
                    z[Int(targets[row])] - log(z.map(exp).reduce(0, +))
                })
        } operation: { tape, inputs in
            tape.linearLogProbabilities(
                inputs[0], weight: inputs[1],
                targets: tape.device.tensor(targets, shape: [targets.count]),
                cap: cap.map { Float($0) }
            ).values
        }.expectAgreement()
    }

    @Test(arguments: shapes)
    func logProbabilitiesAndTheirGradientsAgreeWithTheReference(_ shape: [Int]) {
        expectLikelihoods(shape, cap: nil, .everyCoordinate)
        expectLikelihoods(shape, cap: 1.5, .everyCoordinate)
    }

    @Test(arguments: [257, 600])
    func slicesOfRowsAgreeWithTheReference(_ rows: Int) {
        expectLikelihoods([rows, 19, 6], cap: nil, .sampled(20))
        expectLikelihoods([rows, 19, 6], cap: 2, .sampled(20))
    }

    /// Of a vocabulary that no vector divides, and of one of several parts.
    @Test(arguments: [1, 17, 4097, 9000])
    func statisticsAreThoseOfTheLogits(_ columns: Int) throws {
        var random = SplitMix64(seed: 32)
        let device = Device(threadCount: 2)
        let x = Reference(random: [5, 4], in: -2...2, using: &random)
        let weight = Reference(random: [columns, 4], using: &random)
        let logits = x.linear(weight.transposed).rows
        // The likeliest token in every second row.
        let targets = logits.enumerated().map { row, z in
            let best = z.indices.max { z[$0] < z[$1] } ?? 0
            return Int32(row % 2 == 0 ? best : (best + 1) % columns)
        }
        let found = Tape(device: device).linearLogProbabilities(
            Tape(device: device).constant(device.tensor(x)),
            weight: Tape(device: device).constant(device.tensor(weight)),
            targets: device.tensor(targets, shape: [5]), wantsStatistics: true)
        let statistics = try #require(found.statistics)
        for (row, z) in logits.enumerated() {
            let sum = z.map(exp).reduce(0, +)
            let entropy = z.reduce(0) { $0 - exp($1) / sum * ($1 - log(sum)) }
            #expect(abs(Double(statistics.entropies.array[row]) - entropy) < 1e-4)
            let mean = z.reduce(0, +) / Double(columns)
            #expect(abs(Double(statistics.means.array[row]) - mean) < 1e-5)
            #expect(statistics.tops.array[row] == (row % 2 == 0 || columns == 1 ? 1 : 0))
        }
    }

    @Test func aLossOfElsewhereHandsOnItsDerivatives() {
        let device = Device(threadCount: 1)
        let tape = Tape(device: device)
        let x = tape.input(device.tensor([1, 2, 3] as [Float], shape: [3]))
        let loss = tape.loss(2.5, of: x, derivatives: [0.5, 0, -2])
        tape.backward(from: loss.root)
        #expect(loss.value == 2.5)
        #expect(x.node?.gradient?.array == [0.5, 0, -2])
    }
}

extension Reference {
    /// The rows of x [..., C].
    fileprivate var rows: [[Double]] {
        (0..<rowCount).map { Array(values[$0 * columnCount..<($0 + 1) * columnCount]) }
    }
}
