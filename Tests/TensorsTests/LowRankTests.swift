import Tensors
import Testing

/// The operations of adapters and classifiers, against plain loops and central differences.
@Suite struct LowRankTests {
    private static let scale: Float = 0.75

    /// Rows, inputs, outputs, rank.
    @Test(arguments: [[1, 1, 1, 1], [3, 5, 7, 2], [4, 16, 17, 3], [2, 3, 4, 5]])
    func lowRankProductAndEveryDerivativeMatch(_ sizes: [Int]) {
        expectLowRank(sizes, .everyCoordinate)
    }

    @Test(arguments: [[130, 65, 33, 8], [17, 129, 257, 64]])
    func largeLowRankProductsMatch(_ sizes: [Int]) {
        expectLowRank(sizes, .sampled(6))
    }

    private func expectLowRank(_ sizes: [Int], _ directions: OperationCheck.Directions) {
        var random = SplitMix64(seed: 31)
        let (rows, width, out, rank) = (sizes[0], sizes[1], sizes[2], sizes[3])
        let inputs = [[rows, width], [rank, width], [out, rank], [rows, out]].map {
            Reference(random: $0, using: &random)
        }
        OperationCheck(inputs: inputs, directions: directions) {
            $0[0].linear($0[1].transposed).linear($0[2].transposed)
                .map { $0 * Double(Self.scale) }.combined(with: $0[3], +)
        } operation: {
            $0.addLowRank($1[0], a: $1[1], b: $1[2], scale: Self.scale, to: $1[3])
        }.expectAgreement()
    }

    /// Two adapters over their own columns of one product.
    @Test(arguments: [[3, 5, 4, 2], [130, 33, 24, 8]])
    func adaptersBesideOneProductMatch(_ sizes: [Int]) {
        var random = SplitMix64(seed: 35)
        let (rows, width, out, rank) = (sizes[0], sizes[1], sizes[2], sizes[3])
        let inputs = [
            [rows, width], [rank, width], [out, rank], [rank, width], [2 * out, rank],
        ]
        .map { Reference(random: $0, using: &random) }
        let base = Reference(random: [rows, 3 * out], using: &random)
        OperationCheck(inputs: inputs, directions: .sampled(6)) { inputs in
            let parts = [1, 3].map { inputs[0].linear(inputs[$0].transposed) }
            let (first, second) = (
                parts[0].linear(inputs[2].transposed), parts[1].linear(inputs[4].transposed)
            )
            var values: [Double] = []
            for row in 0..<rows {
                values += first.values[row * out..<(row + 1) * out]
                values += second.values[2 * row * out..<2 * (row + 1) * out]
            }
            return Reference(shape: base.shape, values: values)
                .map { $0 * Double(Self.scale) }.combined(with: base, +)
        } operation: { tape, inputs in
            let y = tape.addLowRank(
                inputs[0], a: inputs[1], b: inputs[2], scale: Self.scale,
                to: tape.constant(tape.device.tensor(base)), columns: 0..<out)
            return tape.addLowRank(
                inputs[0], a: inputs[3], b: inputs[4], scale: Self.scale, to: y,
                columns: out..<3 * out)
        }.expectAgreement()
    }

    @Test(arguments: [[1, 1], [3, 5], [70, 17]])
    func rescaledColumnsAndTheirDerivativesMatch(_ shape: [Int]) {
        var random = SplitMix64(seed: 32)
        let norms = Reference(random: [shape[1]], in: 0.5...2, using: &random)
        let inputs = [shape, [shape[1]]].map { Reference(random: $0, using: &random) }
        OperationCheck(inputs: inputs, directions: .sampled(8)) {
            let factors = $0[1].combined(with: norms, /)
            return $0[0].mapRows { zip($0, factors.values).map(*) }
        } operation: {
            $0.rescale($1[0], by: $1[1], norms: $0.device.tensor(norms))
        }.expectAgreement()
    }

    @Test(arguments: [[0], [5, 0, 3], [1, 2, 4]])
    func chosenRowsAndTheirDerivativesMatch(_ rows: [Int]) {
        var random = SplitMix64(seed: 33)
        let x = Reference(random: [2, 3, 5], using: &random)
        OperationCheck(inputs: [x]) { inputs in
            let values = rows.flatMap { inputs[0].values[$0 * 5..<($0 + 1) * 5] }
            return Reference(shape: [rows.count, 5], values: values)
        } operation: {
            $0.rows($1[0], rows)
        }.expectAgreement()
    }

    @Test(arguments: [[1, 2], [5, 3], [40, 4]])
    func weightedCrossEntropyAndItsDerivativeMatch(_ shape: [Int]) {
        var random = SplitMix64(seed: 34)
        let logits = Reference(random: shape, in: -5...5, using: &random)
        let targets = (0..<shape[0]).map { $0 % 5 == 4 ? -1 : Int32($0 % shape[1]) }
        let weights = Reference(random: [shape[0]], in: 0...3, using: &random).values
        func loss(_ logits: Reference) -> Double {
            zip(targets, weights).enumerated().reduce(0) { sum, row in
                let scores = logits.values[row.offset * shape[1]..<(row.offset + 1) * shape[1]]
                let one = Reference(shape: [1, shape[1]], values: Array(scores))
                return sum + row.element.1 * one.crossEntropy([row.element.0])
            }
        }
        OperationCheck(inputs: [logits], directions: .sampled(8)) {
            Reference(shape: [1], values: [loss($0[0]) * Double(Self.scale)])
        } operation: { tape, inputs in
            let found = tape.crossEntropy(
                inputs[0], targets: tape.device.tensor(targets, shape: [targets.count]),
                scale: Self.scale, weights: weights.map { Float($0) })
            expectClose([found.value], [loss(logits)], .forward, "sum")
            return found.root
        }.expectAgreement()
    }

    /// |w + s b a|² of each output, without the sum: against the sum.
    @Test(arguments: [false, true])
    func lengthsOfAdaptedWeightsAreThoseOfTheirSum(isOutputFirst: Bool) {
        var random = SplitMix64(seed: 35)
        let device = Device(threadCount: 2)
        let (inputs, outputs, rank) = (19, 7, 3)
        let w = Reference(random: [inputs, outputs], using: &random)
        let a = Reference(random: [rank, inputs], using: &random)
        let b = Reference(random: [outputs, rank], using: &random)
        let sum = w.combined(with: a.transposed.product(b.transposed)) {
            $0 + Double(Self.scale) * $1
        }
        let expected = (0..<outputs).map { output in
            (0..<inputs).reduce(0) { total, input in
                let value = sum.values[input * outputs + output]
                return total + value * value
            }
        }
        let stored = device.tensor(isOutputFirst ? w.transposed : w).matrix
        let squares = device.adaptedColumnSquares(
            of: isOutputFirst ? stored.transposed : stored, a: device.tensor(a),
            b: device.tensor(b), scale: Self.scale)
        expectClose(squares, expected, .forward)
    }
}
