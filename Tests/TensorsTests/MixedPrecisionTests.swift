import Tensors
import Testing

/// bfloat16 against the same computation in floats.
@Suite struct MixedPrecisionTests {
    /// One rounding to 8 bits: half of 2^-8 of the value, here of the largest.
    static let rounding = Tolerance(relative: 0.004)
    /// Several roundings in a row.
    static let chain = Tolerance(relative: 0.02)

    let device: Device

    init() { self.init(.usual) }

    init(_ products: ProductKernels) {
        device = Device(threadCount: 2, products: products)
    }

    static let roundings: [(value: Float, bits: UInt16)] = [
        (1, 0x3F80), (-2.5, 0xC020), (0, 0), (-0.0, 0x8000), (.infinity, 0x7F80),
        (Float(bitPattern: 0x3F80_8000), 0x3F80), (Float(bitPattern: 0x3F81_8000), 0x3F82),
        (Float(bitPattern: 0x3F80_8001), 0x3F81), (.greatestFiniteMagnitude, 0x7F80),
        (.leastNonzeroMagnitude, 0),
    ]

    @Test(arguments: roundings)
    func roundsToTheNearestEvenOne(value: Float, bits: UInt16) {
        #expect(BFloat16(value).bits == bits)
        // A whole vector and a rest of it.
        let wide = device.tensor(Array(repeating: value, count: 37), shape: [37])
        let narrow = device.uninitialized([37], of: BFloat16.self)
        device.narrow(wide, into: narrow)
        #expect(narrow.array == Array(repeating: BFloat16(bits: bits), count: 37))
    }

    @Test func notANumberStaysSo() {
        let values = [Float.nan, Float(bitPattern: 0x7F80_0001), Float(bitPattern: 0xFFFF_FFFF)]
        let narrow = device.uninitialized([3], of: BFloat16.self)
        device.narrow(device.tensor(values, shape: [3]), into: narrow)
        #expect(narrow.array.allSatisfy { $0.float.isNaN })
        #expect(values.allSatisfy { BFloat16($0).float.isNaN })
    }

    @Test(
        .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"),
        arguments: [(1, 1, 1), (5, 3, 7), (33, 65, 17), (130, 768, 96), (256, 1000, 64)])
    func productsAreThoseOfTheRoundedNumbers(rows: Int, columns: Int, depth: Int) {
        let a = random([rows, depth], seed: 1)
        let b = random([depth, columns], seed: 2)
        let expected = device.uninitialized([rows, columns])
        let (wideA, wideB) = (widened(a), widened(b))
        device.multiply(wideA.matrix, wideB.matrix, into: expected.matrix)
        let wide = device.uninitialized([rows, columns])
        let narrow = device.uninitialized([rows, columns], of: BFloat16.self)
        device.multiply(a.matrix, b.matrix, into: wide.matrix)
        device.multiply(a.matrix, b.matrix, into: narrow.matrix)
        let values = expected.array.map { Double($0) }
        expectClose(wide.array, values, .forward)
        expectClose(widened(narrow).array, values, Self.rounding)
        device.multiply(a.matrix, b.matrix, into: wide.matrix, adds: true)
        expectClose(wide.array, values.map { 2 * $0 }, .forward)
    }

    /// An operation on activations, with float parameters [0...].
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let activation: [Int]
        let parameters: [[Int]]
        let inFloats: @Sendable (Tape, Variable, [Variable]) -> Variable
        let inBFloat16: @Sendable (Tape, Value<BFloat16>, [Variable]) -> Value<BFloat16>
    }

    static let attention = AttentionOptions(headCount: 2, contextLength: 300)

    static let cases = [
        Case(
            testDescription: "linear", activation: [60, 33], parameters: [[33, 80], [80]],
            inFloats: { $0.linear($1, weight: $2[0], bias: $2[1]) },
            inBFloat16: { $0.linear($1, weight: $2[0], bias: $2[1]) }),
        Case(
            testDescription: "linearGELU", activation: [60, 33], parameters: [[33, 80], [80]],
            inFloats: { $0.linearGELU($1, weight: $2[0], bias: $2[1], form: .tanh) },
            inBFloat16: { $0.linearGELU($1, weight: $2[0], bias: $2[1], form: .tanh) }),
        Case(
            testDescription: "addLowRank", activation: [60, 33],
            parameters: [[33, 80], [4, 33], [80, 4]],
            inFloats: {
                $0.addLowRank($1, a: $2[1], b: $2[2], scale: 2, to: $0.linear($1, weight: $2[0]))
            },
            inBFloat16: {
                $0.addLowRank($1, a: $2[1], b: $2[2], scale: 2, to: $0.linear($1, weight: $2[0]))
            }),
        Case(
            testDescription: "addLowRank to floats", activation: [60, 33],
            parameters: [[33, 80], [4, 33], [80, 4]],
            inFloats: {
                $0.addLowRank($1, a: $2[1], b: $2[2], scale: 2, to: $0.linear($1, weight: $2[0]))
            },
            inBFloat16: { tape, x, parameters in
                let wide = tape.wideLinear(x, weight: parameters[0], bias: nil)
                return tape.narrow(
                    tape.addLowRank(
                        x, a: parameters[1], b: parameters[2], scale: 2, to: wide),
                    as: BFloat16.self)
            }),
        Case(
            testDescription: "gelu", activation: [3, 1001], parameters: [],
            inFloats: { tape, x, _ in tape.gelu(x, form: .exact) },
            inBFloat16: { tape, x, _ in tape.gelu(x, form: .exact) }),
        Case(
            testDescription: "add", activation: [3, 1001], parameters: [],
            inFloats: { tape, x, _ in tape.add(x, x) },
            inBFloat16: { tape, x, _ in tape.add(x, x) }),
        Case(
            testDescription: "causalAttention", activation: [2, 150, 96], parameters: [],
            inFloats: { tape, x, _ in tape.causalAttention(x, Self.attention) },
            inBFloat16: { tape, x, _ in tape.causalAttention(x, Self.attention) }),
    ]

    @Test(
        .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"),
        arguments: cases, ProductKernels.possible)
    func operationAgreesWithFloats(_ example: Case, _ products: ProductKernels) {
        Self(products).expectAgreement(example)
    }

    private func expectAgreement(_ example: Case) {
        let x = random(example.activation, seed: 3)
        let parameters = example.parameters.enumerated().map { index, shape in
            widened(random(shape, seed: UInt64(10 + index)))
        }
        let floats = gradients(of: example, parameters) { tape, variables in
            let input = tape.input(widened(x))
            let y = example.inFloats(tape, input, variables)
            tape.backward(from: y, seed: widened(random(y.shape, seed: 5)))
            return (y.value.array, input.node?.gradient?.array)
        }
        let halves = gradients(of: example, parameters) { tape, variables in
            let input = tape.input(x)
            let y = example.inBFloat16(tape, input, variables)
            tape.backward(from: y, seed: random(y.shape, seed: 5))
            return (
                y.value.array.map(\.float), input.node?.gradient?.array.map(\.float)
            )
        }
        #expect(floats.count == halves.count)
        for (got, expected) in zip(halves, floats) {
            expectClose(got, expected.map { Double($0) }, Self.chain)
        }
    }

    @Test func chosenRowsAreThoseOfTheTensor() {
        let x = random([2, 3, 7], seed: 1)
        let tape = Tape(device: device)
        let input = tape.input(x)
        let rows = tape.rows(input, [4, 1])
        tape.backward(from: rows, seed: widened(random([2, 7], seed: 2)))
        let values = widened(x).array
        #expect(rows.value.array == Array(values[28..<35] + values[7..<14]))
        let seed = widened(random([2, 7], seed: 2)).array
        let gradient = input.node?.gradient?.array.map(\.float)
        let zeros = [Float](repeating: 0, count: 7)
        #expect(
            gradient
                == zeros + Array(seed[7...]) + zeros + zeros + Array(seed[..<7]) + zeros)
    }

    /// Layer norm takes floats and gives either element.
    @Test func layerNormAgreesWithFloats() {
        let x = widened(random([70, 97], seed: 1))
        let seed = random([70, 97], seed: 2)
        let (gain, bias) = (widened(random([97], seed: 3)), widened(random([97], seed: 4)))
        func run<Element: ComputeElement>(_ seed: Tensor<Element>) -> [[Float]] {
            let tape = Tape(device: device)
            let inputs = [x, gain, bias].map { tape.input($0) }
            let y = tape.layerNorm(
                inputs[0], gain: inputs[1], bias: inputs[2], epsilon: 1e-5, as: Element.self)
            tape.backward(from: y, seed: seed)
            return inputs.compactMap { $0.node?.gradient?.array }
        }
        let (halves, floats) = (run(seed), run(widened(seed)))
        #expect(floats.count == 3 && halves.count == 3)
        for (got, expected) in zip(halves, floats) {
            expectClose(got, expected.map { Double($0) }, Self.rounding)
        }
    }

    /// The result and all gradients.
    private func gradients(
        of example: Case, _ parameters: [Tensor<Float>],
        _ run: (Tape, [Variable]) -> ([Float], [Float]?)
    ) -> [[Float]] {
        let tape = Tape(device: device)
        let variables = parameters.map { tape.input($0) }
        let (values, gradient) = run(tape, variables)
        return [values, gradient].compactMap { $0 }
            + variables.compactMap { $0.node?.gradient?.array }
    }

    private func random(_ shape: [Int], seed: UInt64) -> Tensor<BFloat16> {
        let wide = device.uninitialized(shape)
        device.fillNormal(wide, deviation: 1, stream: 0, seed: seed)
        return BFloat16.narrowed(wide, on: device)
    }

    private func widened(_ tensor: Tensor<BFloat16>) -> Tensor<Float> {
        device.tensor(tensor.array.map(\.float), shape: tensor.shape)
    }
}
