import CDNN
import CKernels

extension BFloat16: ComputeElement {
    package static func narrowed(_ tensor: Tensor<Float>, on device: Device) -> Tensor<BFloat16> {
        let out = device.uninitialized(tensor.shape, of: BFloat16.self)
        device.narrow(tensor, into: out)
        return out
    }

    package static func narrow(_ out: Out<BFloat16>, _ x: In<Float>, _ count: Int) {
        kernel_narrow(out.kernel, x, count)
    }

    package static func widened(_ tensor: Tensor<BFloat16>, on device: Device) -> Tensor<Float> {
        let out = device.uninitialized(tensor.shape)
        device.forEachChunk(of: out.count) { chunk in
            let start = chunk.lowerBound
            kernel_widen(out.pointer + start, (tensor.pointer + start).kernel, chunk.count)
        }
        return out
    }

    package static func widen(_ out: Out<Float>, _ x: In<BFloat16>, _ count: Int) {
        kernel_widen(out, x.kernel, count)
    }

    package static func narrowScratch(
        for tensor: Tensor<Float>, on device: Device
    ) -> Tensor<BFloat16> {
        device.uninitialized(tensor.shape, of: BFloat16.self)
    }

    package static func narrowed(
        _ matrix: Matrix<Float>, into scratch: Tensor<BFloat16>
    ) -> Matrix<BFloat16> {
        narrow(scratch.pointer, matrix.pointer, matrix.rows * matrix.stride)
        return Matrix(
            scratch.pointer, rows: matrix.rows, columns: matrix.columns, stride: matrix.stride)
    }

    package static func sums(
        _ matrix: Matrix<BFloat16>, scratch: Tensor<Float>
    ) -> Matrix<Float> {
        Matrix(scratch.pointer, rows: matrix.rows, columns: matrix.columns)
    }

    package static func narrow(_ sums: Matrix<Float>, into matrix: Matrix<BFloat16>) {
        for row in 0..<sums.rows {
            narrow(
                matrix.pointer + row * matrix.stride, sums.pointer + row * sums.stride,
                sums.columns)
        }
    }

    package static func multiply<Result: ComputeElement>(
        _ tile: Tile, _ a: Matrix<BFloat16>, _ b: Matrix<BFloat16>, into out: Matrix<Result>,
        adds: Bool, by kernels: ProductKernels
    ) {
        if tile.rows.count == 1 && !a.isTransposed { return row(tile, a, b, into: out, adds: adds) }
        ProductTile(tile, a, b, into: out, adds: adds).multiplyByOneDNN()
    }

    /// Computes one row, as fast as the memory gives the weights: half of what floats take.
    private static func row<Result: ComputeElement>(
        _ tile: Tile, _ a: Matrix<BFloat16>, _ b: Matrix<BFloat16>, into out: Matrix<Result>,
        adds: Bool
    ) {
        let (depth, columns) = (a.columns, tile.columns.count)
        let product = b.isTransposed ? kernel_row_product_transposed_bf16 : kernel_row_product_bf16
        withUnsafeTemporaryAllocation(of: Float.self, capacity: depth + columns) { scratch in
            guard let x = scratch.baseAddress else { return }
            let (y, start) = (x + depth, out.start(of: tile))
            kernel_widen(x, UnsafePointer(a.rows(from: tile.rows.lowerBound)).kernel, depth)
            if adds { Result.widen(y, start, columns) }
            let w = UnsafePointer(b.columns(from: tile.columns.lowerBound)).kernel
            product(y, x, w, depth, columns, b.stride, adds ? 1 : 0)
            Result.narrow(start, y, columns)
        }
    }

    package static func multiply(
        _ out: Out<Float>, _ x: In<Float>, _ w: In<BFloat16>, _ block: row_block,
        isTransposed: Bool
    ) {
        let multiply = isTransposed ? kernel_row_block_transposed_bf16 : kernel_row_block_bf16
        multiply(out, x, w.kernel, block)
    }

    package static func add(
        _ out: Out<BFloat16>, _ a: In<BFloat16>, _ b: In<BFloat16>, _ count: Int
    ) {
        kernel_add_bf16(out.kernel, a.kernel, b.kernel, count)
    }

    package static func fill(_ out: Out<BFloat16>, _ value: Float, _ count: Int) {
        out.update(repeating: BFloat16(value), count: count)
    }

    package static func addBias(
        _ out: Out<BFloat16>, _ bias: In<Float>, rows: Int, columns: Int, stride: Int
    ) {
        kernel_add_bias_bf16(out.kernel, bias, rows, columns, stride)
    }

    package static func columnSums(
        _ sums: Out<Float>, _ x: In<BFloat16>, rows: Int, columns: Int, stride: Int, adds: Bool
    ) {
        kernel_column_sums_bf16(sums, x.kernel, rows, columns, stride, adds ? 1 : 0)
    }

    package static func rowDots(
        _ dots: Out<Float>, _ a: In<BFloat16>, _ b: In<BFloat16>, rows: Int, columns: Int,
        stride: Int
    ) {
        kernel_row_dots_bf16(dots, a.kernel, b.kernel, rows, columns, stride)
    }

    package static func gelu(
        _ out: Out<BFloat16>, _ x: In<BFloat16>, _ count: Int, form: GELUForm
    ) {
        switch form {
        case .tanh: kernel_gelu_tanh_bf16(out.kernel, x.kernel, count)
        case .exact: kernel_gelu_exact_bf16(out.kernel, x.kernel, count)
        }
    }

    package static func geluBackward(
        _ dx: Out<BFloat16>, _ dy: In<BFloat16>, _ x: In<BFloat16>, _ count: Int, form: GELUForm
    ) {
        switch form {
        case .tanh: kernel_gelu_tanh_backward_bf16(dx.kernel, dy.kernel, x.kernel, count)
        case .exact: kernel_gelu_exact_backward_bf16(dx.kernel, dy.kernel, x.kernel, count)
        }
    }

    package static func layerNorm(
        _ out: Out<BFloat16>, _ x: In<Float>, rows: Int, _ norm: LayerNormRows
    ) {
        kernel_layer_norm_bf16(
            out.kernel, norm.means, norm.rstds, x, norm.gain, norm.bias, rows, norm.columns,
            norm.epsilon)
    }

    package static func layerNormBackward(
        _ dx: Out<Float>, _ gainSums: Out<Float>, _ biasSums: Out<Float>, _ dy: In<BFloat16>,
        _ x: In<Float>, rows: Int, _ norm: LayerNormRows, adds: Bool
    ) {
        kernel_layer_norm_backward_bf16(
            dx, gainSums, biasSums, dy.kernel, x, norm.gain, norm.means, norm.rstds, rows,
            norm.columns, adds ? 1 : 0)
    }

    package static func crossEntropyGradient(
        _ out: Out<BFloat16>, losses: Out<Float>, logits: Out<Float>, targets: In<Int32>, rows: Int,
        columns: Int, scale: Float, cap: Float?
    ) {
        kernel_cross_entropy_gradient_bf16(
            out.kernel, losses, logits, targets, rows, columns, scale, cap ?? 0)
    }
}

// The kernels take the bits.
extension UnsafePointer<BFloat16> {
    package var kernel: UnsafePointer<UInt16> {
        UnsafeRawPointer(self).assumingMemoryBound(to: UInt16.self)
    }
}

extension UnsafeMutablePointer<BFloat16> {
    package var kernel: UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: UInt16.self)
    }
}
