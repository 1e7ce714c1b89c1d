import CKernels
import Tensors

/// Loops over elements and rows, on arrays that no cache holds.
enum ElementwiseCases {
    private static let width = 768
    private static let rows = 8192
    private static let vocabularyRows = 256

    static func all(_ arrays: Arrays) -> [KernelCase] {
        activations(arrays) + rowWise(arrays) + sums(arrays) + others(arrays)
    }

    private static func activations(_ arrays: Arrays) -> [KernelCase] {
        let (n, a, b, c) = (arrays.count / 2, arrays.a, arrays.b, arrays.c)
        return [
            KernelCase("GELU", n, arrays: 2) { kernel_gelu_tanh(b.pointer, a.pointer, n) },
            KernelCase("GELU, backward", n, arrays: 3) {
                kernel_gelu_tanh_backward(c.pointer, b.pointer, a.pointer, n)
            },
            KernelCase("GELU with erf", n, arrays: 2) {
                kernel_gelu_exact(b.pointer, a.pointer, n)
            },
            KernelCase("dropout", n, arrays: 2) {
                var stream = kernel_dropout_stream(
                    seed: 1, step: 2, sequence: 3, site: 4, rate: 0.1)
                kernel_dropout(b.pointer, a.pointer, n, 0, &stream)
            },
        ]
    }

    private static func rowWise(_ arrays: Arrays) -> [KernelCase] {
        let (a, b, c, small) = (arrays.a, arrays.b, arrays.c, arrays.small.pointer)
        let n = rows * width
        let (means, rstds) = (small, small + rows)
        let (gain, bias) = (small + 2 * rows, small + 2 * rows + width)
        let (dGain, dBias) = (bias + width, bias + 2 * width)
        return [
            KernelCase("layer norm", n, arrays: 2) {
                kernel_layer_norm(
                    b.pointer, means, rstds, a.pointer, gain, bias, rows, width, 1e-5)
            },
            KernelCase("layer norm, backward", n, arrays: 3) {
                kernel_layer_norm_backward(
                    c.pointer, dGain, dBias, b.pointer, a.pointer, gain, means, rstds, rows,
                    width, 0)
            },
            KernelCase("softmax", n, arrays: 2) {
                kernel_softmax(b.pointer, a.pointer, rows, width)
            },
            KernelCase("softmax, backward", n, arrays: 3) {
                kernel_softmax_backward(c.pointer, b.pointer, a.pointer, rows, width, 0)
            },
            KernelCase(
                "cross-entropy and its gradient", vocabularyRows * Arrays.vocabularySize, arrays: 2
            ) {
                kernel_cross_entropy_gradient(
                    b.pointer, small, a.pointer, arrays.ids.pointer, vocabularyRows,
                    Arrays.vocabularySize, 1, 0)
            },
        ]
    }

    private static func sums(_ arrays: Arrays) -> [KernelCase] {
        let (n, a, b, c) = (arrays.count / 2, arrays.a, arrays.b, arrays.c)
        return [
            KernelCase("add", n, arrays: 3) { kernel_add(c.pointer, a.pointer, b.pointer, n) },
            KernelCase("sum of squares", n, arrays: 1) {
                keep(kernel_sum_of_squares(a.pointer, n))
            },
            KernelCase("sum", n, arrays: 1) { keep(kernel_sum(a.pointer, n)) },
            KernelCase("column sums", rows * width, arrays: 1) {
                kernel_column_sums(c.pointer, a.pointer, rows, width, width, 0)
            },
        ]
    }

    private static func others(_ arrays: Arrays) -> [KernelCase] {
        let (n, a, b, c, d) = (arrays.count / 2, arrays.a, arrays.b, arrays.c, arrays.d)
        let ids = arrays.ids.pointer
        let (narrowA, narrowC) = (arrays.narrowA, arrays.narrowC)
        return [
            KernelCase("float to bf16", n, bytesPerElement: 6) {
                BFloat16.narrow(narrowC.pointer, a.pointer, n)
            },
            KernelCase("GELU, bf16", n, bytesPerElement: 4) {
                BFloat16.gelu(narrowC.pointer, narrowA.pointer, n, form: .tanh)
            },
            // Four arrays are read, three of them written too.
            KernelCase("AdamW", n, arrays: 7) {
                var settings = kernel_adamw_settings(
                    learning_rate: 1e-6, beta1: 0.9, beta2: 0.95, epsilon: 1e-8,
                    weight_decay: 0.1, first_correction: 0.1, second_correction: 0.05,
                    gradient_scale: 0.5)
                var (found, written) = (kernel_parity(), kernel_parity())
                kernel_adamw(
                    a.pointer, c.pointer, d.pointer, b.pointer, n, &settings, &found, &written)
            },
            KernelCase("transpose", rows * width, arrays: 2) {
                kernel_transpose(b.pointer, a.pointer, rows, width)
            },
            KernelCase("rows of a table by id", rows * width, arrays: 2) {
                kernel_gather_rows(
                    b.pointer, a.pointer, ids, rows, width)
            },
        ]
    }

    /// A result that the compiler must not drop.
    @inline(never) private static func keep(_ value: Double) { withExtendedLifetime(value) {} }
}
