import Tensors
import Testing

/// An operation on inputs of several chunks, tiles or blocks.
struct Workload: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shapes: [[Int]]
    let operation: @Sendable (Tape, [Variable]) -> Variable

    init(
        _ name: String, _ shapes: [[Int]],
        _ operation: @escaping @Sendable (Tape, [Variable]) -> Variable
    ) {
        testDescription = name
        self.shapes = shapes
        self.operation = operation
    }

    static func ids(_ count: Int, below bound: Int, _ tape: Tape) -> Tensor<Int32> {
        tape.device.tensor((0..<count).map { Int32($0 * 37 % bound) - 1 }, shape: [count])
    }

    static let all = [
        Workload("linear", [[300, 33], [33, 800], [800]]) {
            $0.linear($1[0], weight: $1[1], bias: $1[2])
        },
        Workload("linearGELU", [[300, 33], [33, 800], [800]]) {
            $0.linearGELU($1[0], weight: $1[1], bias: $1[2], form: .tanh)
        },
        Workload("matmul", [[3, 270, 17], [3, 65, 17]]) {
            $0.matmul($1[0], $1[1], transposeB: true)
        },
        Workload("gelu", [[3, 10_007]]) { $0.gelu($1[0], form: .exact) },
        Workload("add", [[3, 10_007], [3, 10_007]]) { $0.add($1[0], $1[1]) },
        Workload("multiply", [[3, 10_007], [3, 10_007]]) { $0.multiply($1[0], $1[1]) },
        Workload("scale", [[3, 10_007]]) { $0.scale($1[0], by: 0.3) },
        Workload("layerNorm", [[300, 97], [97], [97]]) {
            $0.layerNorm($1[0], gain: $1[1], bias: $1[2], epsilon: 1e-5)
        },
        Workload("softmax", [[300, 97]]) { $0.softmax($1[0]) },
        Workload("causalAttention", [[2, 150, 3 * 12]]) {
            let options = AttentionOptions(
                headCount: 3, contextLength: 150, dropout: .example(rate: 0.2))
            return $0.causalAttention($1[0], options)
        },
        Workload("groupedAttention", [[2, 300, (4 + 2 * 2) * 8]]) {
            let options = AttentionOptions(headCount: 4, keyValueHeadCount: 2, contextLength: 300)
            return $0.causalAttention($1[0], options)
        },
        Workload("rotate", [[3, 70, 160], [3, 70, 80], [3, 70, 80]]) {
            let table = RotaryTable(
                frequencies: (0..<20).map { 1 / Float($0 + 1) }, positions: 80, device: $0.device)
            return $0.rotate(queries: $1[0], keys: $1[1], values: $1[2], table, from: 10)
        },
        Workload("linear of many tiles", [[512, 768], [768, 2304]]) {
            $0.linear($1[0], weight: $1[1])
        },
        Workload("dropout", [[3, 100, 97]]) { $0.dropout($1[0], .example(rate: 0.2)) },
        Workload("embedding", [[50, 130]]) { tape, inputs in
            let ids = tape.device.tensor((0..<300).map { Int32($0 * 37 % 50) }, shape: [300])
            return tape.embedding(ids, table: inputs[0])
        },
        Workload("addPositions", [[5, 60, 97], [61, 97]]) {
            $0.addPositions($1[0], table: $1[1])
        },
        Workload("crossEntropy", [[600, 50]]) {
            $0.crossEntropy($1[0], targets: ids(600, below: 50, $0), scale: 0.1).root
        },
        Workload("linearCrossEntropy", [[600, 11], [90, 11]]) {
            $0.linearCrossEntropy(
                $1[0], weight: $1[1], targets: ids(600, below: 90, $0), scale: 0.1
            ).root
        },
        Workload("transpose", [[5, 70, 67]]) { $0.transpose($1[0]) },
        Workload("slice", [[50, 700]]) { $0.slice($1[0], rows: 7..<40) },
        Workload("sum", [[30_011]]) { $0.sum($1[0]) },
        Workload("mean", [[30_011]]) { $0.mean($1[0]) },
    ]
}

@Suite struct ThreadIndependenceTests {
    @Test(arguments: Workload.all)
    func valuesAndGradientsHaveTheSameBitsOnAnyNumberOfThreads(_ workload: Workload) {
        let expected = bits(workload, threadCount: 1)
        #expect(expected.count == workload.shapes.count + 1)
        for threadCount in [2, 3, 5, 8] {
            #expect(
                bits(workload, threadCount: threadCount) == expected, "\(threadCount) threads")
        }
    }

    /// The output and the gradients of all inputs.
    private func bits(_ workload: Workload, threadCount: Int) -> [[UInt32]] {
        let device = Device(threadCount: threadCount)
        let tape = Tape(device: device)
        let inputs = workload.shapes.enumerated().map { stream, shape in
            let tensor = device.uninitialized(shape)
            device.fillNormal(tensor, deviation: 1, stream: stream, seed: 22)
            return tape.input(tensor)
        }
        let output = workload.operation(tape, inputs)
        let isLoss = output.value.count == 1
        let seed = device.uninitialized(output.shape)
        device.fillNormal(seed, deviation: 1, stream: 99, seed: 22)
        tape.backward(from: output, seed: isLoss ? nil : seed)
        let results = [output.value] + inputs.compactMap { $0.node?.gradient }
        return results.map { $0.buffer.map(\.bitPattern) }
    }

    /// Of coarse tiles and of fine ones; each way has bits of its own.
    @Test(
        arguments: ProductKernels.possible,
        [[1024, 768, 768], [515, 770, 1100], [1025, 1600, 600]])
    func largeProductsHaveTheSameBitsOnAnyNumberOfThreads(
        products: ProductKernels, shape: [Int]
    ) {
        let wanted = bits(products, shape, threads: 1)
        for threads in [2, 16, 64] {
            #expect((bits(products, shape, threads: threads) == wanted) as Bool, "\(threads)")
        }
        let tiling = Tiling(
            rows: shape[0], columns: shape[1], depth: shape[2], isFine: products.cutsFinely)
        #expect(products.cutsFinely ? tiling.count >= 32 : tiling.count == 8)
    }

    /// The product, and those of the operands with themselves, transposed; of floats and bfloat16.
    private func bits(
        _ products: ProductKernels, _ shape: [Int], threads: Int
    ) -> [[UInt32]] {
        let device = Device(threadCount: threads, products: products)
        let x = device.uninitialized([shape[0], shape[2]])
        let w = device.uninitialized([shape[2], shape[1]])
        device.fillNormal(x, deviation: 1, stream: 0, seed: 23)
        device.fillNormal(w, deviation: 1, stream: 1, seed: 23)
        func all<Element: ComputeElement>(_ type: Element.Type) -> [[UInt32]] {
            let (a, b) = (Element.narrowed(x, on: device), Element.narrowed(w, on: device))
            let products = [
                (a.matrix, b.matrix), (a.matrix.transposed, a.matrix),
                (b.matrix, b.matrix.transposed),
            ]
            // The matrices do not hold the memory.
            return withExtendedLifetime((a, b)) {
                products.map { left, right in
                    let out = device.uninitialized([left.rows, right.columns])
                    device.multiply(left, right, into: out.matrix)
                    return out.buffer.map(\.bitPattern)
                }
            }
        }
        return all(Float.self) + (ComputeKernels.hasBFloat16 ? all(BFloat16.self) : [])
    }

    @Test func aWholeStepHasTheSameBitsOnAnyNumberOfThreads() {
        let results = [1, 2, 3, 5, 8].map { threadCount in
            let model = SmallModel(device: Device(threadCount: threadCount))
            let gradients = ParameterGradients(model.list)
            let loss = model.step(Tape(device: model.device, gradients: gradients))
            return [loss.bitPattern] + gradients.values.array.map { UInt64($0.bitPattern) }
        }
        #expect(Set(results).count == 1)
    }
}
