import Tensors
import Testing

@Suite struct LinearTests {
    /// [rows, in, out]: single rows and columns, odd sizes, one above the width of a vector.
    static let smallShapes = [
        [1, 1, 1], [1, 5, 1], [3, 1, 7], [4, 6, 5], [7, 13, 17], [2, 3, 16], [17, 2, 33],
    ]
    /// Just above one tile of 256 rows or 768 columns.
    static let largeShapes = [[257, 3, 5], [2, 3, 769], [50, 17, 33]]

    private func inputs(_ shape: [Int]) -> [Reference] {
        var random = SplitMix64(seed: UInt64(shape[0]))
        let leading = shape[0] % 2 == 0 ? [2, shape[0] / 2] : [shape[0]]
        return [leading + [shape[1]], [shape[1], shape[2]], [shape[2]]].map {
            Reference(random: $0, using: &random)
        }
    }

    private func checks(
        _ shape: [Int], _ directions: OperationCheck.Directions
    ) -> [OperationCheck] {
        let all = inputs(shape)
        let plain = OperationCheck(inputs: Array(all[..<2]), directions: directions) {
            $0[0].linear($0[1])
        } operation: {
            $0.linear($1[0], weight: $1[1])
        }
        let biased = OperationCheck(inputs: all, directions: directions) {
            $0[0].linear($0[1], $0[2])
        } operation: {
            $0.linear($1[0], weight: $1[1], bias: $1[2])
        }
        let fused = GELUForm.allCases.map { form in
            OperationCheck(inputs: all, directions: directions) {
                $0[0].linear($0[1], $0[2]).gelu(form)
            } operation: {
                $0.linearGELU($1[0], weight: $1[1], bias: $1[2], form: form)
            }
        }
        return [plain, biased] + fused
    }

    @Test(arguments: smallShapes)
    func valuesAndEveryDerivativeMatch(_ shape: [Int]) {
        for check in checks(shape, .everyCoordinate) { check.expectAgreement() }
    }

    @Test(arguments: largeShapes)
    func productsOfSeveralTilesMatch(_ shape: [Int]) {
        for check in checks(shape, .sampled(2)) { check.expectAgreement() }
    }

    /// Two tiles each way; GELU on such tiles is compared with the plain operation below.
    @Test func tilesInBothDirectionsMatch() {
        checks([258, 1, 770], .sampled(1))[1].expectAgreement()
    }

    @Test func fusedGELUEqualsLinearThenGELUBitForBit() {
        let device = Device(threadCount: 2)
        for form in GELUForm.allCases {
            let results = [true, false].map { isFused in
                let tape = Tape(device: device)
                let v = inputs([259, 5, 771]).map { tape.input(device.tensor($0)) }
                let y =
                    isFused
                    ? tape.linearGELU(v[0], weight: v[1], bias: v[2], form: form)
                    : tape.gelu(tape.linear(v[0], weight: v[1], bias: v[2]), form: form)
                tape.backward(from: y)
                return [y.value.array] + v.map { $0.node?.gradient?.array ?? [] }
            }
            #expect(results[0] == results[1])
        }
    }
}
