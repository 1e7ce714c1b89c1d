import Tensors
import Testing

/// Every operation on shapes drawn at random: sizes that no one thought of.
@Suite struct RandomShapesTests {
    private struct Draw {
        var random: SplitMix64

        mutating func size(below bound: Int = 8) -> Int {
            Int.random(in: 1...bound, using: &random)
        }

        mutating func input(_ shape: Int...) -> Reference {
            Reference(random: shape, in: -2...2, using: &random)
        }

        mutating func ids(_ count: Int, from first: Int32 = 0, below bound: Int) -> [Int32] {
            (0..<count).map { _ in Int32.random(in: first..<Int32(bound), using: &random) }
        }
    }

    @Test(arguments: UInt64(0)..<8)
    func linearAndNormalizationMatch(_ seed: UInt64) {
        var draw = Draw(random: SplitMix64(seed: 100 + seed))
        let (b, t, c, n) = (draw.size(), draw.size(), draw.size(below: 20), draw.size(below: 20))
        let form = GELUForm.allCases[Int(seed % 2)]
        let x = draw.input(b, t, c)
        OperationCheck(inputs: [x, draw.input(c, n), draw.input(n)], directions: .sampled(6)) {
            $0[0].linear($0[1], $0[2]).gelu(form)
        } operation: {
            $0.linearGELU($1[0], weight: $1[1], bias: $1[2], form: form)
        }.expectAgreement()
        OperationCheck(inputs: [x, draw.input(c), draw.input(c)], directions: .sampled(6)) {
            $0[0].layerNorm(gain: $0[1], bias: $0[2], epsilon: 0.0625).softmax
        } operation: {
            $0.softmax($0.layerNorm($1[0], gain: $1[1], bias: $1[2], epsilon: 0.0625))
        }.expectAgreement()
    }

    @Test(arguments: UInt64(0)..<8)
    func productsMatch(_ seed: UInt64) {
        var draw = Draw(random: SplitMix64(seed: 200 + seed))
        let (b, m, k, n) = (draw.size(), draw.size(below: 20), draw.size(), draw.size(below: 20))
        let (transposeA, transposeB) = (seed & 1 != 0, seed & 2 != 0)
        let a = transposeA ? draw.input(b, k, m) : draw.input(b, m, k)
        let c = transposeB ? draw.input(b, n, k) : draw.input(b, k, n)
        OperationCheck(inputs: [a, c], directions: .sampled(6)) {
            (transposeA ? $0[0].transposed : $0[0])
                .product(transposeB ? $0[1].transposed : $0[1]).transposed
        } operation: {
            $0.transpose(
                $0.matmul($1[0], $1[1], transposeA: transposeA, transposeB: transposeB))
        }.expectAgreement()
    }

    @Test(arguments: UInt64(0)..<8)
    func attentionAndDropoutMatch(_ seed: UInt64) {
        var draw = Draw(random: SplitMix64(seed: 300 + seed))
        let (b, t, heads) = (draw.size(below: 3), draw.size(below: 20), draw.size(below: 4))
        let qkv = draw.input(b, t, 3 * heads * draw.size(below: 5))
        let shape = [b, t, qkv.shape[2] / 3]
        let dropout = Dropout.example(rate: 0.2)
        let masks = dropout.attentionFactors(b, heads, t, contextLength: 20)
        let factors = Reference(shape: shape, values: dropout.factors(shape: shape))
        let attention = ReferenceAttention(headCount: heads) {
            masks[(($0 * heads + $1) * t + $2) * t + $3]
        }
        OperationCheck(inputs: [qkv], directions: .sampled(6)) {
            attention($0[0]).combined(with: factors, *)
        } operation: {
            let options = AttentionOptions(
                headCount: heads, contextLength: 20, dropout: dropout)
            return $0.dropout($0.causalAttention($1[0], options), dropout)
        }.expectAgreement()
    }

    /// Tied weights: the table that embeds the tokens also makes the logits.
    @Test(arguments: UInt64(0)..<8)
    func embeddingAndLossMatch(_ seed: UInt64) {
        var draw = Draw(random: SplitMix64(seed: 400 + seed))
        let (b, t) = (draw.size(), draw.size())
        let (v, c) = (draw.size(below: 40), draw.size(below: 20))
        let (table, positions) = (draw.input(v, c), draw.input(t + 1, c))
        let (ids, targets) = (draw.ids(b * t, below: v), draw.ids(b * t, from: -1, below: v))
        OperationCheck(
            inputs: [table, positions], directions: .sampled(6), startsWithOne: true
        ) {
            let h = $0[0].embedding(ids, shape: [b, t]).addingPositions($0[1])
            let loss = h.linear($0[0].transposed).crossEntropy(targets)
            return Reference(shape: [1], values: [loss / 4])
        } operation: { tape, inputs in
            let tokens = tape.embedding(tape.device.tensor(ids, shape: [b, t]), table: inputs[0])
            let h = tape.addPositions(tokens, table: inputs[1])
            let answers = tape.device.tensor(targets, shape: [b, t])
            return tape.linearCrossEntropy(
                h, weight: inputs[0], targets: answers, scale: 0.25
            ).root
        }.expectAgreement()
    }
}
