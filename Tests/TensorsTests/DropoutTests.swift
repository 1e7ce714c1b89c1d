import CKernels
import Tensors
import Testing

@Suite struct DropoutTests {
    @Test(
        arguments: [[1, 1, 1], [2, 3, 5], [3, 1, 17], [1, 7, 3], [2, 16, 16]],
        [0.1, 0.5, 0.9] as [Float])
    func theMaskIsThatOfTheDocumentedCounter(_ shape: [Int], _ rate: Float) {
        expectMask(shape, rate, .everyCoordinate)
    }

    /// Chunks of threads (8192) and of the kernel (256) begin inside a sequence.
    @Test func theMaskGoesOnAcrossChunks() {
        expectMask([2, 83, 101], 0.3, .sampled(4))
    }

    private func expectMask(
        _ shape: [Int], _ rate: Float, _ directions: OperationCheck.Directions
    ) {
        var random = SplitMix64(seed: 14)
        let dropout = Dropout.example(rate: rate)
        let factors = dropout.factors(shape: shape)
        let x = Reference(random: shape, in: 1...2, using: &random)
        OperationCheck(inputs: [x], directions: directions) {
            $0[0].combined(with: Reference(shape: shape, values: factors), *)
        } operation: {
            $0.dropout($1[0], dropout)
        }.expectAgreement()
    }

    @Test func rateZeroLeavesTheInputAsItIs() {
        let device = Device(threadCount: 1)
        let tape = Tape(device: device)
        let x = tape.constant(device.tensor([1, 2, 3] as [Float], shape: [1, 1, 3]))
        let y = tape.dropout(x, .example(rate: 0))
        #expect(y.value.pointer == x.value.pointer)
    }

    /// Which sequences share a batch does not matter: sequence 5 + 1 alone has the mask that it
    /// has beside sequence 5.
    @Test func aSequenceKeepsItsMaskInAnyBatch() {
        let both = kept(Dropout.example(rate: 0.5), shape: [2, 3, 7])
        var second = Dropout.example(rate: 0.5)
        second.stream.firstSequence += 1
        #expect(kept(second, shape: [1, 3, 7]) == Array(both[21...]))
    }

    @Test func seedStepSiteAndSequenceEachChangeTheMask() {
        let shape = [1, 8, 16]
        let dropout = Dropout.example(rate: 0.5)
        var others = Array(repeating: dropout, count: 5)
        others[0].stream.seed += 1
        others[1].stream.seed += 1 << 32
        others[2].stream.step += 1
        others[3].site += 1
        others[4].stream.firstSequence += 1
        let masks = ([dropout] + others).map { kept($0, shape: shape) }
        #expect(Set(masks).count == masks.count)
    }

    @Test(arguments: [0.05, 0.1, 0.5, 0.9] as [Float])
    func theShareOfZerosIsTheRateWithinFiveSigma(_ rate: Float) {
        let count = 4 * 60_000
        let zeros = kept(Dropout.example(rate: rate), shape: [4, 600, 100]).count { !$0 }
        let sigma = (Double(count) * Double(rate) * Double(1 - rate)).squareRoot()
        #expect(abs(Double(zeros) - Double(count) * Double(rate)) < 5 * sigma)
    }

    /// The factors of ones from element `first` of a sequence on, by the kernel.
    private func factors(_ dropout: Dropout, count: Int, from first: Int) -> [Float] {
        var stream = kernel_dropout_stream(
            seed: dropout.stream.seed, step: UInt32(dropout.stream.step),
            sequence: UInt32(dropout.stream.firstSequence), site: UInt32(dropout.site),
            rate: dropout.rate)
        let ones = [Float](repeating: 1, count: count)
        var mask = ones
        kernel_dropout(&mask, ones, count, UInt(first), &stream)
        return mask
    }

    /// The attention of 32 heads over 32,768 positions has 2^33 blocks of four elements a sequence.
    @Test(arguments: [0, 1 << 34 - 6, 1 << 34, 3 << 34 - 130, 1 << 47] as [Int])
    func theMaskGoesOnPastFourBillionBlocks(first: Int) {
        let dropout = Dropout.example(rate: 0.5)
        let expected = (first..<first + 600).map { dropout.factor(sequence: 0, element: $0) }
        #expect(factors(dropout, count: 600, from: first).map(Double.init) == expected)
    }

    /// Heads whose blocks lie 2^32 apart had one mask.
    @Test func headsOverLongSequencesHaveMasksOfTheirOwn() {
        let square = 32_768 * 32_768
        let masks = (0..<32).map {
            factors(.example(rate: 0.5), count: 128, from: $0 * square)
        }
        #expect(Set(masks).count == 32)
    }

    private func kept(_ dropout: Dropout, shape: [Int]) -> [Bool] {
        let device = Device(threadCount: 2)
        let tape = Tape(device: device)
        let ones = device.uninitialized(shape)
        device.fill(ones, with: 1)
        return tape.dropout(tape.constant(ones), dropout).value.array.map { $0 != 0 }
    }
}
