import CKernels

/// out = a b, or out += a b, where each row has the bits of the product of that row alone: of
/// `Device.multiply` with one row, and so whatever the number of rows.
struct RowBlocks<In: ComputeElement, Out: ComputeElement> {
    private let a: Matrix<In>
    private let b: Matrix<In>
    private let out: Matrix<Out>
    private let adds: Bool
    /// The depth whose sums are added up.
    private let part: Int
    /// The rows of a as floats; nil where they are floats.
    private let floats: Tensor<Float>?

    /// - Parameter isWhole: whether the depth is not cut, as on one thread.
    /// - Returns: nil where the device multiplies in another way, or where there is one row, which has
    ///   ways of its own.
    init?<Right: ComputeElement>(
        _ a: Matrix<In>, _ b: Matrix<Right>, into out: Matrix<Out>, adds: Bool, on device: Device,
        isWhole: Bool = false
    ) {
        // A whole matrix comes fastest from memory in the way of single rows.
        let isWholeMatrix = b.stride == (b.isTransposed ? b.rows : b.columns)
        guard device.products.isByRow, !a.isTransposed, out.rows > 1 || !isWholeMatrix && isWhole,
            a.columns > 0, let b = b as? Matrix<In>
        else { return nil }
        (self.a, self.b, self.out, self.adds) = (a, b, out, adds)
        part =
            isWhole
            ? a.columns : Device.rowsInStretch(depth: a.columns, columns: out.columns)
        floats = In.self == Float.self ? nil : device.uninitialized([a.rows, a.columns])
    }

    /// Makes floats of the rows, on all threads of a device or on this one.
    func widen(on device: Device? = nil) {
        guard let floats else { return }
        let widenRow = { (row: Int) in
            In.widen(
                floats.pointer + row * a.columns, UnsafePointer(a.rows(from: row)), a.columns)
        }
        if let device { return device.forEach(a.rows, widenRow) }
        for row in 0..<a.rows { widenRow(row) }
    }

    func compute(_ tile: Tile) {
        let sums = Out.self == Float.self ? 0 : tile.rows.count * tile.columns.count
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, sums)) { scratch in
            guard let start = scratch.baseAddress else { return }
            let to = out.start(of: tile)
            if let to = to as? UnsafeMutablePointer<Float> {
                return compute(tile, into: to, stride: out.stride)
            }
            let width = tile.columns.count
            for row in 0..<tile.rows.count where adds {
                Out.widen(start + row * width, to + row * out.stride, width)
            }
            compute(tile, into: start, stride: width)
            for row in 0..<tile.rows.count {
                Out.narrow(to + row * out.stride, start + row * width, width)
            }
        }
    }

    private func compute(_ tile: Tile, into sums: UnsafeMutablePointer<Float>, stride: Int) {
        let first = tile.rows.lowerBound
        let x: UnsafePointer<Float>
        if let floats {
            x = UnsafePointer(floats.pointer + first * a.columns)
        } else if let rows = a.rows(from: first) as? UnsafeMutablePointer<Float> {
            x = UnsafePointer(rows)
        } else {
            preconditionFailure("\(In.self) is widened before it is multiplied")
        }
        In.multiply(
            sums, x, UnsafePointer(b.columns(from: tile.columns.lowerBound)),
            row_block(
                rows: tile.rows.count, depth: a.columns, columns: tile.columns.count,
                x_stride: floats == nil ? a.stride : a.columns, stride: b.stride,
                out_stride: stride, part: part, adds: adds ? 1 : 0),
            isTransposed: b.isTransposed)
    }
}
