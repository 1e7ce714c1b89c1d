import Tensors
import Testing

@Suite struct ElementwiseTests {
    static let shapes = [[1], [1, 1], [7], [16], [17], [3, 5], [2, 3, 4], [130]]
    /// One above a chunk of a thread.
    static let largeShapes = [[Device.grain + 1], [3, 5, 1111]]

    private func expectAll(_ shape: [Int], _ directions: OperationCheck.Directions) {
        var random = SplitMix64(seed: 3)
        let pair = (0..<2).map { _ in Reference(random: shape, in: -3...3, using: &random) }
        func check(
            _ count: Int, _ reference: @escaping ([Reference]) -> Reference,
            _ operation: @escaping (Tape, [Variable]) -> Variable
        ) {
            OperationCheck(
                inputs: Array(pair[..<count]), directions: directions, reference: reference,
                operation: operation
            ).expectAgreement()
        }

        check(2) {
            $0[0].combined(with: $0[1], +)
        } _: {
            $0.add($1[0], $1[1])
        }
        check(2) {
            $0[0].combined(with: $0[1], *)
        } _: {
            $0.multiply($1[0], $1[1])
        }
        check(1) {
            $0[0].map { $0 * -0.75 }
        } _: {
            $0.scale($1[0], by: -0.75)
        }
        for form in GELUForm.allCases {
            check(1) {
                $0[0].gelu(form)
            } _: {
                $0.gelu($1[0], form: form)
            }
        }
    }

    @Test(arguments: shapes)
    func sumProductScaleAndGELUMatch(_ shape: [Int]) {
        expectAll(shape, .everyCoordinate)
    }

    @Test(arguments: largeShapes)
    func theSameOverSeveralChunks(_ shape: [Int]) {
        expectAll(shape, .sampled(4))
    }

    @Test func aSquareGetsBothContributions() {
        var random = SplitMix64(seed: 4)
        OperationCheck(inputs: [Reference(random: [9], using: &random)]) {
            $0[0].map { $0 * $0 }
        } operation: {
            $0.multiply($1[0], $1[0])
        }.expectAgreement()
    }
}
