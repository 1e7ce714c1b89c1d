import Foundation
import Tensors
import Testing

/// The exponential of the kernels far from 0, and what becomes of NaN and infinity.
@Suite struct ExtremeValuesTests {
    private let device = Device(threadCount: 1)

    private func softmax(_ values: [Float], columns: Int) -> [Float] {
        let tape = Tape(device: device)
        let x = device.tensor(values, shape: [values.count / columns, columns])
        return tape.softmax(tape.constant(x)).value.array
    }

    /// softmax(x, 0) = e^x / (e^x + 1), from the smallest normal float to nearly 1.
    @Test func softmaxIsAccurateOverAllNormalFloats() {
        let points = (0...8700).map { -Float($0) / 100 }
        let got = softmax(points.flatMap { [$0, 0] }, columns: 2)
        var worst = 0.0
        for (index, x) in points.enumerated() {
            let expected = exp(Double(x)) / (exp(Double(x)) + 1)
            worst = max(worst, abs(Double(got[2 * index]) / expected - 1))
        }
        // 1.5 ulp of the exponential, then a sum, a quotient and a product: 4 ulp of 6e-8.
        #expect(worst < 4 * 6e-8)
    }

    @Test func softmaxBeyondTheNormalFloatsIsZeroForAllPurposes() {
        for x: Float in [-88, -100, -1e10, -.greatestFiniteMagnitude, -.infinity] {
            let got = softmax([x, 0], columns: 2)
            #expect(got[0] >= 0 && got[0] < 1.3e-38)
            #expect(got[1] == 1)
        }
    }

    @Test(arguments: GELUForm.allCases)
    func geluIsAccurateFromMinusToPlusOneHundred(_ form: GELUForm) {
        let points = (-10_000...10_000).map { Double(Float($0) / 100) }
        let x = Reference(shape: [points.count], values: points)
        let tape = Tape(device: device)
        let input = tape.input(device.tensor(x))
        let y = tape.gelu(input, form: form)
        // Absolute: near 0 and below, where the values are small too.
        let worst = zip(y.value.array, x.gelu(form).values).map { got, expected in
            abs(Double(got) - expected) / max(1, abs(expected))
        }.max()
        #expect(worst ?? 1 < 1e-6)

        tape.backward(from: y)
        let h = 1e-5
        let slopes = zip(x.map { $0 + h }.gelu(form).values, x.map { $0 - h }.gelu(form).values)
            .map { ($0 - $1) / (2 * h) }
        expectClose(input.node?.gradient?.array ?? [], slopes, .forward)
    }

    @Test(arguments: [0, 5, 15, 16, 36])
    func aNaNInARowOfLogitsMakesItsLossNaN(_ column: Int) {
        var logits = [Float](repeating: 0.5, count: 3 * 37)
        logits[37 + column] = .nan
        #expect(loss(logits, targets: [1, 2, 3]).isNaN)
        #expect(loss(logits, targets: [1, -1, 3]).isFinite)
    }

    @Test func infiniteLogitsAreNotHidden() {
        var logits = [Float](repeating: 0, count: 37)
        logits[20] = .infinity
        #expect(!loss(logits, targets: [3]).isFinite)
        logits[20] = -.infinity
        #expect(abs(loss(logits, targets: [3]) - log(36.0)) < 1e-5)
    }

    private func loss(_ logits: [Float], targets: [Int32]) -> Double {
        let tape = Tape(device: device)
        let z = tape.constant(device.tensor(logits, shape: [targets.count, 37]))
        let ids = device.tensor(targets, shape: [targets.count])
        return tape.crossEntropy(z, targets: ids, scale: 1).value
    }

    @Test func aMaskedRowKeepsLossAndGradientZeroWhateverItHolds() {
        let tape = Tape(device: device)
        let logits = [Float](repeating: .nan, count: 37) + [Float](repeating: 1, count: 37)
        let z = tape.input(device.tensor(logits, shape: [2, 37]))
        let ids = device.tensor([-1, 4] as [Int32], shape: [2])
        let loss = tape.crossEntropy(z, targets: ids, scale: 1)
        tape.backward(from: loss.root)
        #expect(abs(loss.value - log(37.0)) < 1e-6)
        let gradient = z.node?.gradient?.array ?? []
        #expect(gradient.prefix(37).allSatisfy { $0 == 0 })
        #expect(gradient.dropFirst(37).allSatisfy { $0.isFinite && $0 != 0 })
    }

    @Test(arguments: [0, 15, 16, 18])
    func aNaNSpoilsItsRowAndNoOther(_ column: Int) {
        var values = [Float](repeating: 0.25, count: 3 * 19)
        for i in values.indices { values[i] += Float(i % 5) }
        values[19 + column] = .nan
        let tape = Tape(device: device)
        let x = tape.constant(device.tensor(values, shape: [3, 19]))
        let ones = device.uninitialized([19])
        device.fill(ones, with: 1)
        let gain = tape.constant(ones)
        for y in [tape.softmax(x), tape.layerNorm(x, gain: gain, bias: gain, epsilon: 1e-5)] {
            let rows = (0..<3).map { y.value.array[$0 * 19..<($0 + 1) * 19] }
            #expect(rows[1].allSatisfy { $0.isNaN })
            #expect((rows[0] + rows[2]).allSatisfy { $0.isFinite })
        }
        for form in GELUForm.allCases {
            let isNaN = tape.gelu(x, form: form).value.array.map(\.isNaN)
            #expect(isNaN == values.map(\.isNaN))
        }
    }
}
