import Tensors
import Testing

@Suite struct MatrixMultiplicationTests {
    static let transpositions = [(false, false), (false, true), (true, false), (true, true)]

    /// [batch..., M, K, N].
    static let shapes = [
        [1, 1, 1], [1, 7, 1], [3, 5, 4], [17, 3, 9], [2, 3, 4, 5], [2, 3, 1, 6, 2], [5, 1, 1, 1],
    ]
    static let largeShapes = [[257, 2, 3], [3, 2, 769], [2, 65, 17, 33]]

    private func expectProduct(
        _ shape: [Int], _ transposeA: Bool, _ transposeB: Bool,
        _ directions: OperationCheck.Directions
    ) {
        var random = SplitMix64(seed: 1)
        let batch = Array(shape.dropLast(3))
        let (m, k, n) = (shape[shape.count - 3], shape[shape.count - 2], shape[shape.count - 1])
        let a = Reference(random: batch + (transposeA ? [k, m] : [m, k]), using: &random)
        let b = Reference(random: batch + (transposeB ? [n, k] : [k, n]), using: &random)
        OperationCheck(inputs: [a, b], directions: directions) {
            (transposeA ? $0[0].transposed : $0[0]).product(transposeB ? $0[1].transposed : $0[1])
        } operation: {
            $0.matmul($1[0], $1[1], transposeA: transposeA, transposeB: transposeB)
        }.expectAgreement()
    }

    @Test(arguments: shapes, transpositions)
    func productsMatch(_ shape: [Int], _ transposition: (Bool, Bool)) {
        expectProduct(shape, transposition.0, transposition.1, .everyCoordinate)
    }

    @Test(arguments: largeShapes, transpositions)
    func productsOfSeveralTilesMatch(_ shape: [Int], _ transposition: (Bool, Bool)) {
        expectProduct(shape, transposition.0, transposition.1, .sampled(3))
    }

    @Test func productOfSmallNumbersIsKnown() {
        let device = Device(threadCount: 1)
        let tape = Tape(device: device)
        let a = tape.constant(device.tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]))
        let b = tape.constant(device.tensor([7, 8, 9, 10, 11, 12] as [Float], shape: [3, 2]))
        #expect(tape.matmul(a, b).value.array == [58, 64, 139, 154])
    }

    @Test func aMatrixTimesItselfGetsBothContributions() {
        var random = SplitMix64(seed: 2)
        OperationCheck(inputs: [Reference(random: [5, 5], using: &random)]) {
            $0[0].product($0[0])
        } operation: {
            $0.matmul($1[0], $1[0])
        }.expectAgreement()
    }
}
