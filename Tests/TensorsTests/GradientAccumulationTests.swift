import Tensors
import Testing

/// Values used several times, and gradients that several nodes hold without a copy.
@Suite struct GradientAccumulationTests {
    private let device = Device(threadCount: 2)

    private func input(_ tape: Tape, _ values: [Float]) -> Variable {
        tape.input(device.tensor(values, shape: [values.count]))
    }

    @Test func aValueUsedTwiceGetsBothContributions() {
        let tape = Tape(device: device)
        let x = input(tape, [1, 2, 3])
        tape.backward(from: tape.add(tape.scale(x, by: 2), tape.scale(x, by: 5)))
        #expect(x.node?.gradient?.array == [7, 7, 7])
    }

    @Test func aValueAddedToItselfHasGradientTwo() {
        let tape = Tape(device: device)
        let x = input(tape, [1, 2])
        tape.backward(from: tape.add(x, x))
        #expect(x.node?.gradient?.array == [2, 2])
    }

    /// Both inputs of the last sum hold the seed itself; then each gets a contribution of its own.
    @Test func inputsThatShareAGradientDoNotDisturbEachOther() {
        let tape = Tape(device: device)
        let (a, b) = (input(tape, [1, 1]), input(tape, [1, 1]))
        let more = tape.add(tape.scale(a, by: 10), tape.scale(b, by: 100))
        let seed = device.tensor([1, 2] as [Float], shape: [2])
        tape.backward(from: tape.add(more, tape.add(a, b)), seed: seed)
        #expect(a.node?.gradient?.array == [11, 22])
        #expect(b.node?.gradient?.array == [101, 202])
        #expect(seed.array == [1, 2])
    }

    /// x -> x + f(x) three times over; every kind of branch that passes its gradient on unchanged.
    @Test func residualConnectionsMatchTheReference() {
        var random = SplitMix64(seed: 20)
        let shapes = [[2, 3, 5], [5, 5], [5, 5], [4, 5], [5], [5]]
        let inputs = shapes.map { Reference(random: $0, using: &random) }
        OperationCheck(inputs: inputs) { v in
            let h0 = v[0].addingPositions(v[3])
            let h1 = h0.combined(with: h0.linear(v[1]), +)
            let normed = h1.layerNorm(gain: v[4], bias: v[5], epsilon: 0.125)
            let h2 = h1.combined(with: normed.linear(v[2]).gelu(.tanh), +)
            return h2.combined(with: h2.combined(with: h0, +), +)
        } operation: { tape, v in
            let h0 = tape.addPositions(v[0], table: v[3])
            let h1 = tape.add(h0, tape.linear(h0, weight: v[1]))
            let normed = tape.layerNorm(h1, gain: v[4], bias: v[5], epsilon: 0.125)
            let h2 = tape.add(h1, tape.gelu(tape.linear(normed, weight: v[2]), form: .tanh))
            return tape.add(h2, tape.add(h2, h0))
        }.expectAgreement()
    }

    /// Reshape and slice pass on views of a gradient that another node holds too.
    @Test func viewsOfOneGradientDoNotDisturbEachOther() {
        var random = SplitMix64(seed: 21)
        let inputs = (0..<2).map { _ in Reference(random: [2, 6], using: &random) }
        OperationCheck(inputs: inputs) { v in
            let doubled = v[0].map { 3 * $0 }.combined(with: v[1], +)
            return doubled.combined(with: v[0].combined(with: v[1], *), +).reshaped([3, 4])
        } operation: { tape, v in
            let x = tape.reshape(v[0], to: [4, 3])
            let y = tape.reshape(v[1], to: [4, 3])
            let twice = tape.add(tape.add(x, x), tape.add(x, y))
            let product = tape.reshape(tape.multiply(v[0], v[1]), to: [3, 4])
            return tape.add(tape.reshape(twice, to: [3, 4]), product)
        }.expectAgreement()
    }

    @Test func whatDoesNotReachTheRootGetsNoGradient() {
        let tape = Tape(device: device)
        let (x, unused) = (input(tape, [1]), input(tape, [1]))
        _ = tape.scale(unused, by: 3)
        let root = tape.scale(x, by: 2)
        _ = tape.scale(x, by: 1000)
        tape.backward(from: root)
        #expect(x.node?.gradient?.array == [2])
        #expect(unused.node?.gradient == nil)
    }

    @Test func constantsRecordNothing() {
        let tape = Tape(device: device)
        let x = tape.constant(device.tensor([1] as [Float], shape: [1]))
        #expect(tape.add(x, tape.scale(x, by: 2)).node == nil)
    }
}
