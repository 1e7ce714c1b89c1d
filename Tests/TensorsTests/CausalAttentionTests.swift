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

    /// Alone a sequence has its blocks in eight parts, in a batch of 8 in four, and of 32 in one.
    @Test func partsOfTheQueriesGiveTheGradientsOfOnePart() {
        let device = Device(threadCount: 2)
        let (length, width) = (600, (4 + 2 * 2) * 4)
        var random = SplitMix64(seed: 17)
        let sequence = Reference(random: [1, length, width], in: -2...2, using: &random)
        let seed = Reference(random: [1, length, 4 * 4], using: &random)
        let gradients = [1, 8, 32].map { count in
            let tape = Tape(device: device)
            func repeated(_ one: Reference) -> Tensor<Float> {
                let values = Array(repeating: one.values, count: count).flatMap { $0 }
                return device.tensor(
                    Reference(shape: [count] + one.shape.dropFirst(), values: values))
            }
            let input = tape.input(repeated(sequence))
            let options = AttentionOptions(
                headCount: 4, keyValueHeadCount: 2, contextLength: length)
            let y = tape.causalAttention(input, options)
            tape.backward(from: y, seed: repeated(seed))
            return (input.node?.gradient?.array ?? []).prefix(length * width).map { Double($0) }
        }
        #expect(gradients[0].count == length * width)
        for other in gradients[1...] {
            expectClose(gradients[0], other, .forward)
        }
        let layout = AttentionLayout(
            qkvShape: [1, length, width],
            AttentionOptions(
                headCount: 4, keyValueHeadCount: 2, contextLength: length))
        #expect([2, 16, 64].map { layout.parts(heads: 2, groups: $0).count } == [8, 4, 1])
    }

    /// Each block once, in their order, and no part with much more work than another.
    @Test(
        arguments: [1, 2, 3, 8, 12, 64, 100],
        [[1, 1], [1, 1000], [4, 128], [4, 129], [4, 1000]])
    func partsHoldEachBlockOnce(groups: Int, shape: [Int]) {
        let (heads, length) = (shape[0], shape[1])
        let layout = AttentionLayout(
            qkvShape: [1, length, (heads + 2) * 8],
            AttentionOptions(headCount: heads, keyValueHeadCount: 1, contextLength: length))
        let parts = layout.parts(heads: heads, groups: groups)
        let whole = layout.parts(heads: heads, groups: 1 << 10)
        #expect(whole.count == 1)
        #expect(parts.flatMap { $0 }.map(\.rows) == whole[0].map(\.rows))
        #expect(parts.flatMap { $0 }.map(\.head) == whole[0].map(\.head))
        #expect(parts.count <= max(1, 64 / groups) && parts.allSatisfy { !$0.isEmpty })
        let works = parts.map { $0.map(\.work).reduce(0, +) }
        let largest = whole[0].map(\.work).max() ?? 0
        #expect((works.max() ?? 0) <= works.reduce(0, +) / parts.count + largest)
    }

    /// [length, window], on both sides of a block of 128 queries and of a vector of 16 scores.
    @Test(arguments: [
        [1, 1], [5, 1], [7, 3], [9, 20], [40, 17], [129, 128], [260, 5], [300, 150],
    ])
    func windowsScalesAndBoundsMatch(_ sizes: [Int]) {
        for (cap, rate) in [(nil, 0), (0.8, 0), (nil, 0.3)] as [(Double?, Float)] {
            let (t, heads) = (sizes[0], 2)
            var random = SplitMix64(seed: 19)
            let qkv = Reference(random: [1, t, 3 * heads * 2], in: -2...2, using: &random)
            let dropout = rate > 0 ? Dropout.example(rate: rate) : nil
            let factors = dropout?.attentionFactors(1, heads, t, contextLength: t)
            var reference = ReferenceAttention(
                headCount: heads, window: sizes[1], scale: 0.9, cap: cap)
            if let factors { reference.factor = { factors[(($0 * heads + $1) * t + $2) * t + $3] } }
            OperationCheck(
                inputs: [qkv], directions: t < 30 ? .everyCoordinate : .sampled(3)
            ) { [reference] in
                reference($0[0])
            } operation: {
                let options = AttentionOptions(
                    headCount: heads, contextLength: t, dropout: dropout, window: sizes[1],
                    scale: 0.9, softCap: cap.map { Float($0) })
                return $0.causalAttention($1[0], options)
            }.expectAgreement()
        }
    }

    /// Alone a sequence has its blocks in many parts, in a batch of 64 in one.
    @Test func windowsHaveTheSameGradientsInOnePartAndInMany() {
        let device = Device(threadCount: 2)
        let (length, width) = (900, (4 + 2 * 2) * 4)
        var random = SplitMix64(seed: 23)
        let sequence = Reference(random: [1, length, width], in: -2...2, using: &random)
        let seed = Reference(random: [1, length, 4 * 4], using: &random)
        let gradients = [1, 32].map { count in
            let tape = Tape(device: device)
            func repeated(_ one: Reference) -> Tensor<Float> {
                let values = Array(repeating: one.values, count: count).flatMap { $0 }
                return device.tensor(
                    Reference(shape: [count] + one.shape.dropFirst(), values: values))
            }
            let input = tape.input(repeated(sequence))
            let options = AttentionOptions(
                headCount: 4, keyValueHeadCount: 2, contextLength: length, window: 200)
            tape.backward(from: tape.causalAttention(input, options), seed: repeated(seed))
            return (input.node?.gradient?.array ?? []).prefix(length * width).map { Double($0) }
        }
        expectClose(gradients[0], gradients[1], .forward)
    }

    /// Key blocks before the window are skipped: the work grows with the length, not its square.
    @Test func workGrowsWithTheWindow() {
        func work(_ length: Int, window: Int?) -> Int {
            let layout = AttentionLayout(
                qkvShape: [1, length, 24],
                AttentionOptions(headCount: 1, contextLength: length, window: window))
            return layout.parts(heads: 1, groups: 1).joined().map(\.work).reduce(0, +)
        }
        #expect(work(8192, window: 512) <= 8192 * (512 + 128))
        #expect(work(8192, window: nil) > 6 * work(8192, window: 512))
        #expect(work(8192, window: 8192) == work(8192, window: nil))
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
