import Tensors
import Testing

@Suite struct SoftmaxTests {
    static let shapes = [[1, 1], [4, 1], [1, 7], [3, 5], [2, 3, 17], [5, 16], [2, 33]]
    static let largeShapes = [[2, 769], [Device.grain / 64 + 1, 65]]

    private func check(_ shape: [Int], _ directions: OperationCheck.Directions) -> OperationCheck {
        var random = SplitMix64(seed: 6)
        let x = Reference(random: shape, in: -4...4, using: &random)
        return OperationCheck(inputs: [x], directions: directions) {
            $0[0].softmax
        } operation: {
            $0.softmax($1[0])
        }
    }

    @Test(arguments: shapes)
    func valuesAndEveryDerivativeMatch(_ shape: [Int]) {
        check(shape, .everyCoordinate).expectAgreement()
    }

    @Test(arguments: largeShapes)
    func longRowsAndManyRowsMatch(_ shape: [Int]) {
        check(shape, .sampled(6)).expectAgreement()
    }

    /// The second contribution to x is added to the first one.
    @Test func twoSoftmaxesOfOneValueAddUp() {
        var random = SplitMix64(seed: 19)
        OperationCheck(inputs: [Reference(random: [3, 18], using: &random)]) {
            $0[0].softmax.combined(with: $0[0].map { 2 * $0 }.softmax, *)
        } operation: {
            $0.multiply($0.softmax($1[0]), $0.softmax($0.add($1[0], $1[0])))
        }.expectAgreement()
    }

    @Test func rowsFarFromZeroDoNotOverflow() {
        let device = Device(threadCount: 1)
        let tape = Tape(device: device)
        let x = tape.constant(device.tensor([1e30, 1e30, -1e30, -1e30] as [Float], shape: [2, 2]))
        #expect(tape.softmax(x).value.array == [0.5, 0.5, 0.5, 0.5])
    }
}
