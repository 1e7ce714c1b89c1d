import Foundation
import Tensors
import Testing

/// What Llama adds to the operations of GPT-2, held against plain loops and central differences.
@Suite struct LlamaOperationsTests {
    /// 65 rows make a second block of sums of gain gradients.
    @Test(arguments: [[1, 1], [3, 1], [1, 7], [4, 5], [2, 16], [5, 17], [3, 33]])
    func rmsNormMatches(_ shape: [Int]) {
        expectRMSNorm(shape, .everyCoordinate)
    }

    @Test(arguments: [[65, 7], [129, 33], [2, 769]])
    func rmsNormOfSeveralBlocksAndLongRowsMatches(_ shape: [Int]) {
        expectRMSNorm(shape, .sampled(6))
    }

    @Test func rmsNormGainGetsTheSameGradientWithoutOneForTheInput() {
        let device = Device(threadCount: 2)
        var random = SplitMix64(seed: 2)
        let inputs = [[5, 17], [17]].map { Reference(random: $0, using: &random) }
        let gradients = [true, false].map { isConstant in
            let tape = Tape(device: device)
            let values = inputs.map { device.tensor($0) }
            let x = isConstant ? tape.constant(values[0]) : tape.input(values[0])
            let gain = tape.input(values[1])
            tape.backward(from: tape.rmsNorm(x, gain: gain, epsilon: 1e-3))
            return gain.node?.gradient?.array
        }
        #expect(gradients[0] != nil)
        #expect(gradients[0] == gradients[1])
    }

    @Test(arguments: [[1], [7], [16], [17], [3, 5], [130]])
    func swiGLUMatches(_ shape: [Int]) {
        expectSwiGLU(shape, .everyCoordinate)
    }

    @Test func swiGLUOverSeveralChunksMatches() {
        expectSwiGLU([Device.grain + 1], .sampled(6))
    }

    @Test func swiGLUOfFarInputsStaysFinite() {
        let device = Device(threadCount: 1)
        let tape = Tape(device: device)
        let far: [Float] = [-1e4, -100, 100, 1e4]
        let gate = tape.input(device.tensor(far, shape: [4]))
        let raised = tape.input(device.tensor([Float](repeating: 1, count: 4), shape: [4]))
        let y = tape.swiGLU(gate: gate, raised: raised)
        tape.backward(from: y)
        let gradient = gate.node?.gradient?.array ?? []
        #expect((y.value.array + gradient).allSatisfy { $0.isFinite })
        #expect(Array(y.value.array[2...]) == [100, 1e4])
        #expect(gradient.last == 1)
    }

    /// [sequences, length, heads of queries, heads of keys, head size, first position].
    @Test(arguments: [
        [1, 1, 1, 1, 2, 0], [1, 5, 2, 1, 4, 0], [2, 3, 4, 2, 6, 0], [2, 4, 3, 3, 2, 5],
        [1, 2, 1, 1, 34, 3],
    ])
    func rotaryMatches(_ sizes: [Int]) {
        let (b, t, start) = (sizes[0], sizes[1], sizes[5])
        var random = SplitMix64(seed: 21)
        let half = sizes[4] / 2
        let frequencies = (0..<half).map { 0.7 / Float(1 + $0) }
        let table = RotaryTable(
            frequencies: frequencies, positions: start + t, device: Device(threadCount: 1))
        let inputs = [sizes[2], sizes[3], sizes[3]].map {
            Reference(random: [b, t, $0 * sizes[4]], using: &random)
        }
        OperationCheck(inputs: inputs) { parts in
            let turned = parts.enumerated().map { index, part in
                index < 2 ? part.turned(frequencies, from: start) : part
            }
            return Reference.joined(turned)
        } operation: {
            $0.rotate(queries: $1[0], keys: $1[1], values: $1[2], table, from: start)
        }.expectAgreement()
    }

    /// A part of each head turns, of tensors of their own and of a joined one in both orders.
    @Test(arguments: [[1, 3, 2, 1, 6, 1], [2, 4, 2, 2, 5, 2], [1, 2, 3, 3, 4, 0]])
    func joinedRotaryMatches(_ sizes: [Int]) {
        let (b, t, heads, keyHeads, size) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
        var random = SplitMix64(seed: 22)
        let frequencies: [Float] = [0.7]
        let table = RotaryTable(
            frequencies: frequencies, positions: sizes[5] + t, amplitude: 1.5,
            device: Device(threadCount: 1))
        let total = heads + 2 * keyHeads
        let joined = Reference(random: [b, t, total * size], using: &random)
        for isByHead in heads == keyHeads ? [false, true] : [false] {
            OperationCheck(inputs: [joined]) {
                let order = (0..<total).map { place in
                    isByHead ? place % heads * 3 + place / heads : place
                }
                return $0[0].heads(order, size: size).turned(
                    frequencies, from: sizes[5], amplitude: 1.5, size: size,
                    heads: heads + keyHeads)
            } operation: {
                $0.rotate(
                    $1[0], headCount: heads, keyValueHeadCount: keyHeads, isByHead: isByHead,
                    table, from: sizes[5])
            }.expectAgreement()
        }
    }

    @Test(arguments: [[1], [7], [16], [3, 17]])
    func joinedSwiGLUMatches(_ shape: [Int]) {
        var random = SplitMix64(seed: 10)
        let width = shape.last ?? 1
        let joined = Reference(
            random: shape.dropLast() + [2 * width], in: -6...6, using: &random)
        OperationCheck(inputs: [joined]) {
            let x = $0[0]
            let values = (0..<x.rowCount * width).map { index in
                let start = index / width * 2 * width + index % width
                return x.values[start] / (1 + exp(-x.values[start])) * x.values[start + width]
            }
            return Reference(shape: shape, values: values)
        } operation: {
            $0.swiGLU($1[0])
        }.expectAgreement()
    }

    /// Within the series, at its end, and where the bound is reached.
    @Test func softCapMatches() {
        let x = Reference(
            shape: [17],
            values: [
                0, 1e-6, -1e-3, 0.1, 0.7, 0.7499, 0.7501, -0.76, 1, -2, 3, 5, -8, 20, 60, -99, 0.3,
            ])
        OperationCheck(inputs: [x]) {
            Reference(shape: [17], values: $0[0].values.map { 3 * tanh($0 / 3) })
        } operation: {
            $0.softCap($1[0], by: 3)
        }.expectAgreement()
    }

    /// [sequences, length, heads of queries, heads of keys, head size].
    @Test(arguments: [[1, 1, 2, 1, 3], [2, 5, 4, 2, 3], [1, 7, 6, 2, 1], [1, 4, 3, 1, 2]])
    func groupedAttentionMatches(_ sizes: [Int]) {
        expectGroupedAttention(sizes, .everyCoordinate)
    }

    /// Just above one block of 128 queries.
    @Test func groupedAttentionOfSeveralBlocksMatches() {
        expectGroupedAttention([1, 129, 4, 2, 2], .sampled(3))
    }

    private func expectRMSNorm(_ shape: [Int], _ directions: OperationCheck.Directions) {
        var random = SplitMix64(seed: 7)
        let inputs = [shape, [shape[1]]].map {
            Reference(random: $0, in: -2...2, using: &random)
        }
        OperationCheck(inputs: inputs, directions: directions) {
            $0[0].rmsNorm(gain: $0[1], epsilon: Double(Float(1e-3)))
        } operation: {
            $0.rmsNorm($1[0], gain: $1[1], epsilon: 1e-3)
        }.expectAgreement()
    }

    private func expectSwiGLU(_ shape: [Int], _ directions: OperationCheck.Directions) {
        var random = SplitMix64(seed: 9)
        let inputs = (0..<2).map { _ in Reference(random: shape, in: -6...6, using: &random) }
        OperationCheck(inputs: inputs, directions: directions) {
            $0[0].combined(with: $0[1]) { a, b in a / (1 + exp(-a)) * b }
        } operation: {
            $0.swiGLU(gate: $1[0], raised: $1[1])
        }.expectAgreement()
    }

    private func expectGroupedAttention(
        _ sizes: [Int], _ directions: OperationCheck.Directions
    ) {
        let (b, t, heads, keyHeads, size) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
        var random = SplitMix64(seed: 11)
        let qkv = Reference(
            random: [b, t, (heads + 2 * keyHeads) * size], in: -2...2, using: &random)
        OperationCheck(inputs: [qkv], directions: directions) {
            ReferenceAttention(headCount: heads)(
                $0[0].withKeysRepeated(heads: heads, keyHeads: keyHeads, headSize: size))
        } operation: {
            $0.causalAttention(
                $1[0],
                AttentionOptions(
                    headCount: heads, keyValueHeadCount: keyHeads, contextLength: t))
        }.expectAgreement()
    }
}

extension Reference {
    fileprivate func rmsNorm(gain: Reference, epsilon: Double) -> Reference {
        mapRows { row in
            let average = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
            return zip(row, gain.values).map { $0 / (average + epsilon).squareRoot() * $1 }
        }
    }

    /// [B, T, heads * 2 planes]: plane i of a head, its i-th value of each half, turned by position
    /// times frequency.
    fileprivate func turned(_ frequencies: [Float], from start: Int) -> Reference {
        var out = self
        let half = frequencies.count
        for row in 0..<rowCount {
            let position = Double(start + row % shape[1])
            for head in stride(from: row * columnCount, to: (row + 1) * columnCount, by: 2 * half) {
                for plane in 0..<half {
                    let angle = position * Double(frequencies[plane])
                    let (x, y) = (values[head + plane], values[head + half + plane])
                    out.values[head + plane] = x * cos(angle) - y * sin(angle)
                    out.values[head + half + plane] = y * cos(angle) + x * sin(angle)
                }
            }
        }
        return out
    }

    /// The first heads turn in their first values, the others stay.
    fileprivate func turned(
        _ frequencies: [Float], from start: Int, amplitude: Double, size: Int, heads: Int
    ) -> Reference {
        var out = self
        let half = frequencies.count
        for row in 0..<rowCount {
            let position = Double(start + row % shape[1])
            for head in 0..<heads {
                for plane in 0..<half {
                    let angle = position * Double(frequencies[plane])
                    let first = row * columnCount + head * size + plane
                    let (x, y) = (values[first], values[first + half])
                    out.values[first] = amplitude * (x * cos(angle) - y * sin(angle))
                    out.values[first + half] = amplitude * (y * cos(angle) + x * sin(angle))
                }
            }
        }
        return out
    }

    /// The heads of each row in another order.
    fileprivate func heads(_ order: [Int], size: Int) -> Reference {
        let rows = (0..<rowCount).flatMap { row in
            order.flatMap { head in
                let start = row * columnCount + head * size
                return values[start..<start + size]
            }
        }
        return Reference(shape: shape, values: rows)
    }

    /// Side by side along the last axis.
    fileprivate static func joined(_ parts: [Reference]) -> Reference {
        let columns = parts.reduce(0) { $0 + $1.columnCount }
        let rows = (0..<parts[0].rowCount).flatMap { row in
            parts.flatMap { $0.values[row * $0.columnCount..<(row + 1) * $0.columnCount] }
        }
        return Reference(shape: parts[0].shape.dropLast() + [columns], values: rows)
    }

    /// [B, T, (H + 2K) D] -> [B, T, 3 H D]: each head of queries with its own keys and values.
    fileprivate func withKeysRepeated(heads: Int, keyHeads: Int, headSize: Int) -> Reference {
        let order =
            Array(0..<heads)
            + (1...2).flatMap { part in
                (0..<heads).map { heads + (part - 1) * keyHeads + $0 * keyHeads / heads }
            }
        let rows = (0..<rowCount).flatMap { row in
            order.flatMap { head in
                let start = row * columnCount + head * headSize
                return values[start..<start + headSize]
            }
        }
        return Reference(shape: [shape[0], shape[1], 3 * heads * headSize], values: rows)
    }
}
