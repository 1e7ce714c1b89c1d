import Tensors
import Testing

@Suite struct CausalAttentionTests {
    /// [sequences, length, heads, head size].
    static let shapes = [[1, 1, 1, 1], [1, 1, 2, 3], [2, 5, 2, 3], [1, 7, 1, 4], [3, 3, 3, 1]]
    /// Just above one and two blocks of 128 queries.
    static let largeShapes = [[1, 129, 2, 1], [1, 257, 1, 2]]
    static let rates: [Float] = [0, 0.1, 0.6]

    private func check(
        _ shape: [Int], rate: Float, _ directions: OperationCheck.Directions
    ) -> OperationCheck {
        let (b, t, heads) = (shape[0], shape[1], shape[2])
        var random = SplitMix64(seed: 11)
        let qkv = Reference(random: [b, t, 3 * heads * shape[3]], in: -2...2, using: &random)
        let contextLength = t + 3
        let dropout = rate > 0 ? Dropout.example(rate: rate) : nil
        let factors = dropout?.attentionFactors(b, heads, t, contextLength: contextLength)
        var reference = ReferenceAttention(headCount: heads)
        if let factors {
            reference.factor = { factors[(($0 * heads + $1) * t + $2) * t + $3] }
        }
        return OperationCheck(inputs: [qkv], directions: directions) { [reference] in
            reference($0[0])
        } operation: {
            $0.causalAttention(
                $1[0],
                AttentionOptions(
                    headCount: heads, contextLength: contextLength, dropout: dropout))
        }
    }

    @Test(arguments: shapes, rates)
    func valuesAndEveryDerivativeMatch(_ shape: [Int], _ rate: Float) {
        check(shape, rate: rate, .everyCoordinate).expectAgreement()
    }

    @Test(arguments: largeShapes, [0, 0.25])
    func severalBlocksOfQueriesMatch(_ shape: [Int], _ rate: Float) {
        check(shape, rate: rate, .sampled(3)).expectAgreement()
    }

    @Test func theFutureChangesNothing() {
        let device = Device(threadCount: 1)
        var random = SplitMix64(seed: 12)
        var qkv = Reference(random: [1, 140, 3 * 4], using: &random)
        func attend() -> [Float] {
            let tape = Tape(device: device)
            let options = AttentionOptions(headCount: 2, contextLength: 140)
            return tape.causalAttention(tape.constant(device.tensor(qkv)), options).value.array
        }
        let before = attend()
        for index in 131 * 12..<140 * 12 { qkv.values[index] = -9 }
        let after = attend()
        #expect(before[..<(131 * 4)] == after[..<(131 * 4)])
        #expect(before[(131 * 4)...] != after[(131 * 4)...])
    }

    /// The mask is numbered by the context length, never by the length of a batch.
    @Test func aLongerBatchKeepsTheMaskOfItsBeginning() {
        let device = Device(threadCount: 2)
        var random = SplitMix64(seed: 13)
        let long = Reference(random: [1, 9, 3 * 6], using: &random)
        let short = Reference(shape: [1, 5, 3 * 6], values: Array(long.values[..<(5 * 18)]))
        let outputs = [long, short].map { qkv in
            let tape = Tape(device: device)
            let options = AttentionOptions(
                headCount: 2, contextLength: 16, dropout: .example(rate: 0.5))
            return tape.causalAttention(tape.constant(device.tensor(qkv)), options)
                .value.array.map { Double($0) }
        }
        expectClose(Array(outputs[0][..<30]), outputs[1], .rounding)
    }
}
