import CDNN
import CKernels
import COpenBLAS

extension Float: ComputeElement {
    package static func narrowed(_ tensor: Tensor<Float>, on device: Device) -> Tensor<Float> {
        tensor
    }

    package static func narrow(_ out: Out<Float>, _ x: In<Float>, _ count: Int) {
        out.update(from: x, count: count)
    }

    package static func widened(_ tensor: Tensor<Float>, on device: Device) -> Tensor<Float> {
        tensor
    }

    package static func widen(_ out: Out<Float>, _ x: In<Float>, _ count: Int) {
        out.update(from: x, count: count)
    }

    package static func narrowScratch(
        for tensor: Tensor<Float>, on device: Device
    ) -> Tensor<Float> {
        tensor
    }

    package static func narrowed(
        _ matrix: Matrix<Float>, into scratch: Tensor<Float>
    ) -> Matrix<Float> {
        matrix
    }

    package static func sums(
        _ matrix: Matrix<Float>, scratch: Tensor<Float>
    ) -> Matrix<Float> {
        matrix
    }

    package static func narrow(_ sums: Matrix<Float>, into matrix: Matrix<Float>) {}

    package static func multiply<Result: ComputeElement>(
        _ tile: Tile, _ a: Matrix<Float>, _ b: Matrix<Float>, into out: Matrix<Result>, adds: Bool,
        by kernels: ProductKernels
    ) {
        guard let out = out as? Matrix<Float> else {
            preconditionFailure("products of floats are floats, got \(Result.self)")
        }
        if tile.rows.count == 1 && !a.isTransposed { return row(tile, a, b, into: out, adds: adds) }
        let product = ProductTile(tile, a, b, into: out, adds: adds)
        switch kernels.floats {
        case .oneDNN: product.multiplyByOneDNN()
        case .openBLAS: product.multiplyByOpenBLAS()
        }
    }

    /// Computes one row: a general product would first copy the whole matrix into another order.
    /// With it a GPT-2 of 124M decodes 1.3 to 1.4 times the tokens a second (1 and 2 threads).
    private static func row(
        _ tile: Tile, _ a: Matrix<Float>, _ b: Matrix<Float>, into out: Matrix<Float>, adds: Bool
    ) {
        let product = b.isTransposed ? kernel_row_product_transposed : kernel_row_product
        product(
            out.start(of: tile), a.rows(from: tile.rows.lowerBound),
            b.columns(from: tile.columns.lowerBound), a.columns, tile.columns.count, b.stride,
            adds ? 1 : 0)
    }

    package static func multiply(
        _ out: Out<Float>, _ x: In<Float>, _ w: In<Float>, _ block: row_block, isTransposed: Bool
    ) {
        let multiply = isTransposed ? kernel_row_block_transposed : kernel_row_block
        multiply(out, x, w, block)
    }

    package static func add(_ out: Out<Float>, _ a: In<Float>, _ b: In<Float>, _ count: Int) {
        kernel_add(out, a, b, count)
    }

    package static func fill(_ out: Out<Float>, _ value: Float, _ count: Int) {
        kernel_fill(out, value, count)
    }

    package static func addBias(
        _ out: Out<Float>, _ bias: In<Float>, rows: Int, columns: Int, stride: Int
    ) {
        kernel_add_bias(out, bias, rows, columns, stride)
    }

    package static func columnSums(
        _ sums: Out<Float>, _ x: In<Float>, rows: Int, columns: Int, stride: Int, adds: Bool
    ) {
        kernel_column_sums(sums, x, rows, columns, stride, adds ? 1 : 0)
    }

    package static func rowDots(
        _ dots: Out<Float>, _ a: In<Float>, _ b: In<Float>, rows: Int, columns: Int, stride: Int
    ) {
        kernel_row_dots(dots, a, b, rows, columns, stride)
    }

    package static func gelu(_ out: Out<Float>, _ x: In<Float>, _ count: Int, form: GELUForm) {
        switch form {
        case .tanh: kernel_gelu_tanh(out, x, count)
        case .exact: kernel_gelu_exact(out, x, count)
        }
    }

    package static func geluBackward(
        _ dx: Out<Float>, _ dy: In<Float>, _ x: In<Float>, _ count: Int, form: GELUForm
    ) {
        switch form {
        case .tanh: kernel_gelu_tanh_backward(dx, dy, x, count)
        case .exact: kernel_gelu_exact_backward(dx, dy, x, count)
        }
    }

    package static func layerNorm(
        _ out: Out<Float>, _ x: In<Float>, rows: Int, _ norm: LayerNormRows
    ) {
        kernel_layer_norm(
            out, norm.means, norm.rstds, x, norm.gain, norm.bias, rows, norm.columns, norm.epsilon)
    }

    package static func layerNormBackward(
        _ dx: Out<Float>, _ gainSums: Out<Float>, _ biasSums: Out<Float>, _ dy: In<Float>,
        _ x: In<Float>, rows: Int, _ norm: LayerNormRows, adds: Bool
    ) {
        kernel_layer_norm_backward(
            dx, gainSums, biasSums, dy, x, norm.gain, norm.means, norm.rstds, rows, norm.columns,
            adds ? 1 : 0)
    }

    package static func crossEntropyGradient(
        _ out: Out<Float>, losses: Out<Float>, logits: Out<Float>, targets: In<Int32>, rows: Int,
        columns: Int, scale: Float, cap: Float?
    ) {
        kernel_cross_entropy_gradient(
            out, losses, logits, targets, rows, columns, scale, cap ?? 0)
    }
}
