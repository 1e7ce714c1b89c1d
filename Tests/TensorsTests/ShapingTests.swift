import Tensors
import Testing

@Suite struct ShapingTests {
    private func input(_ shape: [Int]) -> Reference {
        var random = SplitMix64(seed: 5)
        return Reference(random: shape, using: &random)
    }

    @Test(arguments: [
        [1, 1], [1, 9], [9, 1], [3, 5], [17, 33], [2, 3, 4], [2, 2, 5, 3], [65, 7],
    ])
    func transposeSwapsTheLastTwoAxes(_ shape: [Int]) {
        OperationCheck(inputs: [input(shape)]) {
            $0[0].transposed
        } operation: {
            $0.transpose($1[0])
        }.expectAgreement()
    }

    @Test func reshapeKeepsTheOrder() {
        OperationCheck(inputs: [input([2, 3, 4])]) {
            $0[0].reshaped([4, 6])
        } operation: {
            $0.reshape($1[0], to: [4, 6])
        }.expectAgreement()
    }

    @Test(arguments: [0..<1, 0..<5, 2..<3, 1..<4, 4..<5])
    func sliceTakesRowsAndLeavesTheOthersWithoutGradient(_ rows: Range<Int>) {
        OperationCheck(inputs: [input([5, 2, 3])]) {
            Reference(
                shape: [rows.count, 2, 3],
                values: Array($0[0].values[rows.lowerBound * 6..<rows.upperBound * 6]))
        } operation: {
            $0.slice($1[0], rows: rows)
        }.expectAgreement()
    }

    @Test func overlappingSlicesAddUp() {
        OperationCheck(inputs: [input([4, 3])]) { inputs in
            Reference(shape: [3, 3], values: Array(inputs[0].values[..<9]))
                .combined(
                    with: Reference(shape: [3, 3], values: Array(inputs[0].values[3...])), +)
        } operation: {
            $0.add($0.slice($1[0], rows: 0..<3), $0.slice($1[0], rows: 1..<4))
        }.expectAgreement()
    }

    @Test(arguments: [[1], [17], [3, 5], [Device.grain + 3], [2, 3, 4]])
    func sumAndMeanMatch(_ shape: [Int]) {
        let directions: OperationCheck.Directions =
            shape[0] > 100 ? .sampled(4) : .everyCoordinate
        OperationCheck(inputs: [input(shape)], directions: directions) {
            Reference(shape: [1], values: [$0[0].values.reduce(0, +)])
        } operation: {
            $0.sum($1[0])
        }.expectAgreement()
        OperationCheck(inputs: [input(shape)], directions: directions) {
            Reference(shape: [1], values: [$0[0].values.reduce(0, +) / Double($0[0].count)])
        } operation: {
            $0.mean($1[0])
        }.expectAgreement()
    }
}
