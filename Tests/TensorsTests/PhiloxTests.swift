import Tensors
import Testing

@Suite struct PhiloxTests {
    /// Known answers of the Random123 library for philox4x32 with 10 rounds.
    static let answers: [(counter: [UInt32], key: UInt64, words: [UInt32])] = [
        (
            [0, 0, 0, 0], 0,
            [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]
        ),
        (
            [.max, .max, .max, .max], .max,
            [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
        ),
        (
            [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], 0x299F_31D0_A409_3822,
            [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
        ),
    ]

    @Test(arguments: answers)
    func wordsAreTheKnownAnswers(_ answer: (counter: [UInt32], key: UInt64, words: [UInt32])) {
        #expect(Philox.words(counter: answer.counter, key: answer.key) == answer.words)
    }
}

@Suite struct NormalNumbersTests {
    private func numbers(
        _ count: Int, threadCount: Int = 2, deviation: Float = 1, stream: Int = 0,
        seed: UInt64 = 1
    ) -> [Float] {
        let device = Device(threadCount: threadCount)
        let tensor = device.uninitialized([count])
        device.fillNormal(tensor, deviation: deviation, stream: stream, seed: seed)
        return tensor.array
    }

    @Test func momentsAreThoseOfTheNormalDistribution() {
        let count = 100_000
        let x = numbers(count, deviation: 0.02).map { Double($0) / 0.02 }
        func moment(_ power: (Double) -> Double) -> Double {
            x.reduce(0) { $0 + power($1) } / Double(count)
        }
        // Five standard errors: those of x, x², x³, x⁴ are sqrt(1, 2, 15, 96) / sqrt(count).
        let fiveSigma = 5 / Double(count).squareRoot()
        #expect(abs(moment { $0 }) < fiveSigma)
        #expect(abs(moment { $0 * $0 } - 1) < 2.0.squareRoot() * fiveSigma)
        #expect(abs(moment { $0 * $0 * $0 }) < 15.0.squareRoot() * fiveSigma)
        #expect(abs(moment { $0 * $0 * $0 * $0 } - 3) < 96.0.squareRoot() * fiveSigma)
        let neighbours = zip(x, x.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
        #expect(abs(neighbours) < fiveSigma)
    }

    @Test func neitherThreadsNorLengthChangeTheNumbers() {
        let all = numbers(20_001, threadCount: 1)
        for threadCount in [2, 3, 5] {
            #expect(numbers(20_001, threadCount: threadCount) == all)
        }
        #expect(numbers(8193) == Array(all[..<8193]))
        #expect(numbers(1) == [all[0]])
    }

    @Test func streamsAndSeedsDiffer() {
        let all = [
            numbers(9), numbers(9, stream: 1), numbers(9, seed: 2), numbers(9, seed: 1 + 1 << 32),
        ]
        #expect(Set(all).count == 4)
    }
}
