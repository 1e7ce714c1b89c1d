import Tensors
import Testing

@Suite struct EmbeddingTests {
    /// [batch, length, vocabulary, columns]; tokens repeat where batch * length > vocabulary.
    static let shapes = [
        [1, 1, 1, 1], [1, 3, 2, 5], [2, 5, 4, 17], [3, 1, 7, 2], [2, 2, 9, 65],
    ]

    private func ids(_ shape: [Int]) -> [Int32] {
        var random = SplitMix64(seed: 8)
        return (0..<shape[0] * shape[1]).map { _ in
            Int32.random(in: 0..<Int32(shape[2]), using: &random)
        }
    }

    private func check(_ shape: [Int], _ directions: OperationCheck.Directions) -> OperationCheck {
        var random = SplitMix64(seed: 9)
        let ids = ids(shape)
        let table = Reference(random: [shape[2], shape[3]], using: &random)
        return OperationCheck(inputs: [table], directions: directions) {
            $0[0].embedding(ids, shape: [shape[0], shape[1]])
        } operation: {
            $0.embedding(
                $0.device.tensor(ids, shape: [shape[0], shape[1]]), table: $1[0])
        }
    }

    @Test(arguments: shapes)
    func rowsAndTheirGradientsMatch(_ shape: [Int]) {
        check(shape, .everyCoordinate).expectAgreement()
    }

    @Test func manyTokensOfLongRowsMatch() {
        check([3, 43, 11, 129], .sampled(6)).expectAgreement()
    }

    /// [batch, length, positions, columns].
    @Test(arguments: [[1, 1, 1, 1], [2, 3, 3, 5], [3, 2, 7, 17], [1, 4, 9, 1], [2, 5, 6, 33]])
    func positionsAreAddedAndRowsBeyondTheLengthGetNothing(_ shape: [Int]) {
        var random = SplitMix64(seed: 10)
        let x = Reference(random: [shape[0], shape[1], shape[3]], using: &random)
        let table = Reference(random: [shape[2], shape[3]], using: &random)
        OperationCheck(inputs: [x, table]) {
            $0[0].addingPositions($0[1])
        } operation: {
            $0.addPositions($1[0], table: $1[1])
        }.expectAgreement()
    }
}
