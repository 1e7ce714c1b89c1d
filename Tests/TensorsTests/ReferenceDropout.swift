import Tensors

extension Dropout {
    /// What element `element` of a sequence is multiplied by, from the documented counter
    /// (element / 4, site, sequence, step), word element % 4: kept from rate * 2^32 on. The bits of
    /// element / 4 past 32 stand above the 18 of the site.
    func factor(sequence: Int, element: Int) -> Double {
        let block = UInt64(element / 4)
        let counter = [
            UInt32(truncatingIfNeeded: block), UInt32(site) | UInt32(block >> 32) << 18,
            UInt32(stream.firstSequence + sequence),
            UInt32(stream.step),
        ]
        let word = Philox.words(counter: counter, key: stream.seed)[element % 4]
        return Double(word) >= (Double(rate) * 0x1p32).rounded(.down) ? 1 / (1 - Double(rate)) : 0
    }

    /// The factors of all elements of x [B, T, C].
    func factors(shape: [Int]) -> [Double] {
        let size = shape[1] * shape[2]
        return (0..<shape[0] * size).map { factor(sequence: $0 / size, element: $0 % size) }
    }

    /// The factors of all attention probabilities, [B, H, T, T].
    func attentionFactors(_ b: Int, _ h: Int, _ t: Int, contextLength: Int) -> [Double] {
        (0..<b * h * t * t).map { index in
            let (j, i, head) = (index % t, index / t % t, index / (t * t))
            let element = (head % h * contextLength + i) * contextLength + j
            return j <= i ? factor(sequence: head / h, element: element) : 0
        }
    }
}

extension Dropout {
    static func example(rate: Float) -> Dropout {
        Dropout(
            rate: rate, site: 3,
            stream: DropoutStream(seed: 0x1234_5678_9ABC_DEF0, step: 7, firstSequence: 5))
    }
}
