import Tensors
import Testing

/// Products of one input with several weights [out, in], together and each for itself.
@Suite struct JoinedLinearTests {
    private let device = Device(threadCount: 2)

    /// What comes out, side by side, and the gradients of the input and of the weights.
    private struct Result {
        var values: [Float] = []
        var gradients: [[Float]] = []
    }

    /// - Parameter make: gets the input and the weights; nil where they are not multiplied together.
    private func run(
        rows: Int, width: Int, outputs: [Int], make: (Tape, Variable, [Variable]) -> [Variable]?
    ) -> Result? {
        var random = SplitMix64(seed: 5)
        let list = ParameterList(
            ParameterLayout(outputs.enumerated().map { ("\($0)", [$1, width]) }), device: device)
        for parameter in list.parameters {
            let values = Reference(random: parameter.shape, using: &random)
            device.copy(device.tensor(values), to: list.value(of: parameter))
        }
        let gradients = ParameterGradients(list)
        let tape = Tape(device: device, gradients: gradients)
        let x = tape.input(device.tensor(Reference(random: [rows, width], using: &random)))
        guard let parts = make(tape, x, list.parameters.map { tape.parameter($0, of: list) }) else {
            return nil
        }
        let seed = Reference(random: [rows, outputs.reduce(0, +)], using: &random)
        var result = Result()
        var places: [Range<Int>] = []
        for part in parts {
            let start = places.last?.upperBound ?? 0
            places.append(start..<start + part.shape[1])
        }
        let arrays = parts.map(\.value.array)
        for row in 0..<rows {
            for (array, place) in zip(arrays, places) {
                result.values += array[row * place.count..<(row + 1) * place.count]
            }
        }
        let total = seed.shape[1]
        let sums = zip(parts, places).map { part, place in
            let values = (0..<rows).flatMap {
                seed.values[$0 * total + place.lowerBound..<$0 * total + place.upperBound]
            }
            let own = device.tensor(Reference(shape: [rows, place.count], values: values))
            return tape.sum(tape.multiply(part, tape.constant(own)))
        }
        tape.backward(from: sums.dropFirst().reduce(sums[0]) { tape.add($0, $1) })
        result.gradients = [x.node?.gradient?.array ?? []]
        result.gradients += list.parameters.map { gradients.gradient(of: $0).array }
        return result
    }

    @Test(arguments: [(1, 16, [3, 5]), (7, 16, [4, 2, 3]), (130, 32, [64, 16, 16])])
    func togetherTheyAreWhatEachIs(rows: Int, width: Int, outputs: [Int]) throws {
        let alone = try #require(
            run(rows: rows, width: width, outputs: outputs) { tape, x, weights in
                weights.map { tape.linear(x, transposedWeight: $0, as: Float.self) }
            })
        let besides = try #require(
            run(rows: rows, width: width, outputs: outputs) { tape, x, weights in
                tape.linears(x, transposedWeights: weights, as: Float.self)
            })
        let joined = try #require(
            run(rows: rows, width: width, outputs: outputs) { tape, x, weights in
                tape.joinedLinear(x, transposedWeights: weights, as: Float.self).map { [$0] }
            })
        #expect(besides.values == alone.values && besides.gradients == alone.gradients)
        expectClose(joined.values, alone.values.map { Double($0) }, .forward, "values")
        for (index, (found, expected)) in zip(joined.gradients, alone.gradients).enumerated() {
            expectClose(found, expected.map { Double($0) }, .gradient, "gradient \(index)")
        }
    }

    /// Weights of 3 x 5 have padding behind them.
    @Test func weightsThatLieApartAreNotMultipliedTogether() {
        let joined = run(rows: 2, width: 5, outputs: [3, 3]) { tape, x, weights in
            tape.joinedLinear(x, transposedWeights: weights, as: Float.self).map { [$0] }
        }
        #expect(joined == nil)
    }

    /// A sum that is made on the tiles has the bits of one that is made behind the product.
    @Test(arguments: [[1, 5, 3], [130, 33, 65]])
    func aResidualIsAddedToTheTiles(_ shape: [Int]) throws {
        var random = SplitMix64(seed: 9)
        let inputs = [[shape[0], shape[1]], [shape[2], shape[1]], [shape[0], shape[2]]].map {
            Reference(random: $0, using: &random)
        }
        OperationCheck(inputs: inputs, directions: .sampled(6)) {
            $0[0].linear($0[1].transposed).combined(with: $0[2], +)
        } operation: {
            $0.linear($1[0], transposedWeight: $1[1], as: Float.self, addedTo: $1[2])
        }.expectAgreement()
        let tape = Tape(device: device)
        let made = inputs.map { tape.constant(device.tensor($0)) }
        let fused = tape.linear(
            made[0], transposedWeight: made[1], as: Float.self, addedTo: made[2])
        let product = tape.linear(made[0], transposedWeight: made[1], as: Float.self)
        #expect(fused.value.array == tape.add(made[2], product).value.array)
    }
}
