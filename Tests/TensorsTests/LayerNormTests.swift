import Tensors
import Testing

@Suite struct LayerNormTests {
    /// Rows, columns: a single column has no variance; 65 rows make a second block of sums.
    static let shapes = [[1, 1], [3, 1], [1, 7], [4, 5], [2, 16], [5, 17], [3, 33]]
    static let largeShapes = [[65, 7], [129, 33], [2, 769]]

    private func check(_ shape: [Int], _ directions: OperationCheck.Directions) -> OperationCheck {
        var random = SplitMix64(seed: 7)
        let inputs = [[1] + shape, [shape[1]], [shape[1]]].map {
            Reference(random: $0, in: -2...2, using: &random)
        }
        return OperationCheck(inputs: inputs, directions: directions) {
            $0[0].layerNorm(gain: $0[1], bias: $0[2], epsilon: Double(Float(1e-3)))
        } operation: {
            $0.layerNorm($1[0], gain: $1[1], bias: $1[2], epsilon: 1e-3)
        }
    }

    @Test(arguments: shapes)
    func valuesAndEveryDerivativeMatch(_ shape: [Int]) {
        check(shape, .everyCoordinate).expectAgreement()
    }

    @Test(arguments: largeShapes)
    func severalBlocksOfRowsAndLongRowsMatch(_ shape: [Int]) {
        check(shape, .sampled(6)).expectAgreement()
    }

    @Test func parametersGetTheirGradientsWithoutOneForTheInput() {
        let device = Device(threadCount: 2)
        let inputs = check([5, 17], .everyCoordinate).inputs
        let gradients = [true, false].map { isConstant in
            let tape = Tape(device: device)
            let values = inputs.map { device.tensor($0) }
            let x = isConstant ? tape.constant(values[0]) : tape.input(values[0])
            let (gain, bias) = (tape.input(values[1]), tape.input(values[2]))
            tape.backward(from: tape.layerNorm(x, gain: gain, bias: bias, epsilon: 1e-3))
            return [gain, bias].map { $0.node?.gradient?.array }
        }
        #expect(gradients[0] == gradients[1])
        #expect(gradients[0][0] != nil)
    }
}
