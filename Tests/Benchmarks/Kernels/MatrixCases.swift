import CKernels
import Tensors

/// Products of matrices in the shapes of GPT-2 124M with 1,024 tokens, and the pieces of attention.
enum MatrixCases {
    private static let tokens = 1024
    private static let width = 768

    static func all(_ arrays: Arrays, _ device: Device) -> [KernelCase] {
        products("sgemm", (arrays.a, arrays.b, arrays.c, arrays.d), device)
            + bfloat16Products(arrays, device) + attention(arrays, device)
    }

    private static func bfloat16Products(_ arrays: Arrays, _ device: Device) -> [KernelCase] {
        guard ComputeKernels.hasBFloat16 else { return [] }
        return products(
            "bf16", (arrays.narrowA, arrays.narrowB, arrays.narrowC, arrays.narrowD), device)
    }

    /// x w forward, dy wᵀ and xᵀ dy backward.
    private static func products<Element: ComputeElement>(
        _ kind: String,
        _ arrays: (a: Tensor<Element>, b: Tensor<Element>, c: Tensor<Element>, d: Tensor<Element>),
        _ device: Device
    ) -> [KernelCase] {
        let shapes = [
            ("queries, keys, values", width, 3 * width), ("projection", width, width),
            ("up", width, 4 * width), ("down", 4 * width, width), ("logits of 256", width, 16_384),
        ]
        return shapes.flatMap { name, depth, columns in
            let rows = columns > 4 * width ? 256 : tokens
            let x = Matrix(arrays.a.pointer, rows: rows, columns: depth)
            let w = Matrix(arrays.b.pointer, rows: depth, columns: columns)
            let y = Matrix(arrays.c.pointer, rows: rows, columns: columns)
            let dx = Matrix(arrays.d.pointer, rows: rows, columns: depth)
            let dw = Matrix(arrays.d.pointer, rows: depth, columns: columns)
            let flops = 2 * Double(rows * depth * columns)
            return [
                KernelCase("\(kind) \(name)", elements: rows * columns, flops: flops) {
                    device.multiply(x, w, into: y)
                },
                KernelCase("\(kind) \(name), dx", elements: rows * depth, flops: flops) {
                    device.multiply(y, w.transposed, into: dx)
                },
                KernelCase("\(kind) \(name), dw", elements: depth * columns, flops: flops) {
                    device.multiply(x.transposed, y, into: dw)
                },
            ]
        }
    }

    /// Blocks of 128 rows over 1,024 positions, as the operation takes them.
    private static func attention(_ arrays: Arrays, _ device: Device) -> [KernelCase] {
        let (rows, stride, blocks) = (128, 1024, 96)
        let size = rows * stride
        let firstRow = stride - rows
        let (a, b, small) = (arrays.a, arrays.b, arrays.small)
        func eachBlock(_ body: @escaping (Int) -> Void) -> () -> Void {
            { for block in 0..<blocks { body(block * size) } }
        }
        return [
            KernelCase(
                "attention: softmax of scores", blocks * size, arrays: 2,
                eachBlock {
                    kernel_causal_softmax(
                        a.pointer + $0, small.pointer, rows, stride, firstRow, 0.125)
                }),
            KernelCase(
                "attention: probabilities again", blocks * size, arrays: 2,
                eachBlock {
                    kernel_causal_probabilities(
                        a.pointer + $0, small.pointer, rows, stride, firstRow, 0.125)
                }),
            KernelCase(
                "attention: gradient of scores", blocks * size, arrays: 3,
                eachBlock {
                    kernel_attention_score_gradient(
                        b.pointer + $0, a.pointer + $0, small.pointer, rows, stride, 0.125)
                }),
        ] + wholeAttention(arrays, device)
    }

    private static func wholeAttention(_ arrays: Arrays, _ device: Device) -> [KernelCase] {
        let headCount = 12
        return [(4, 256), (1, 1024)].map { batch, length in
            let shape = [batch, length, 3 * width]
            // Two products, of which the mask leaves half.
            let flops = 2 * 2 * Double(batch * length * length * width) / 2
            return KernelCase(
                "attention of \(batch) x \(length)", elements: batch * length * width,
                flops: flops
            ) {
                let tape = Tape(device: device)
                let qkv = tape.constant(arrays.a.view(from: 0, shape: shape))
                _ = tape.causalAttention(
                    qkv, AttentionOptions(headCount: headCount, contextLength: length))
            }
        }
    }
}
