import COpenBLAS

/// A matrix in memory: `rows` x `columns` as the product sees it, `stride` floats between the rows
/// in memory. A transposed matrix is stored as `columns` x `rows`.
package struct Matrix {
    package var pointer: UnsafeMutablePointer<Float>
    package var rows: Int
    package var columns: Int
    package var stride: Int
    package var isTransposed: Bool

    package init(
        _ pointer: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil,
        isTransposed: Bool = false
    ) {
        self.pointer = pointer
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? (isTransposed ? rows : columns)
        self.isTransposed = isTransposed
    }

    package var transposed: Matrix {
        Matrix(
            pointer, rows: columns, columns: rows, stride: stride, isTransposed: !isTransposed)
    }

    fileprivate func rows(from row: Int) -> UnsafeMutablePointer<Float> {
        pointer + (isTransposed ? row : row * stride)
    }

    fileprivate func columns(from column: Int) -> UnsafeMutablePointer<Float> {
        pointer + (isTransposed ? column * stride : column)
    }

    fileprivate var transposition: CBLAS_TRANSPOSE { isTransposed ? CblasTrans : CblasNoTrans }
}

extension Tensor<Float> {
    /// All axes but the last as rows.
    package var matrix: Matrix { Matrix(pointer, rows: rowCount, columns: columnCount) }
}

/// A rectangle of a product, computed by one call to BLAS.
package struct Tile {
    package let rows: Range<Int>
    package let columns: Range<Int>
}

/// The tiles of a product: a function of its shape alone, so that the same bits come out of any
/// number of threads. The inner dimension is never cut.
struct Tiling {
    /// Rows and columns of a full tile: large enough that packing the operands costs a few per cent.
    static let rows = 256
    static let columns = 768

    let rowCount: Int
    let columnCount: Int
    private let tilesAcross: Int
    private let tilesDown: Int

    init(rowCount: Int, columnCount: Int) {
        self.rowCount = rowCount
        self.columnCount = columnCount
        tilesDown = max(1, (rowCount + Self.rows - 1) / Self.rows)
        tilesAcross = max(1, (columnCount + Self.columns - 1) / Self.columns)
    }

    var count: Int { tilesDown * tilesAcross }

    subscript(index: Int) -> Tile {
        let (across, down) = index.quotientAndRemainder(dividingBy: tilesDown)
        return Tile(
            rows: part(down, of: tilesDown, length: rowCount),
            columns: part(across, of: tilesAcross, length: columnCount))
    }

    private func part(_ index: Int, of count: Int, length: Int) -> Range<Int> {
        // Borders on multiples of 16 keep the kernels on whole registers.
        let step = ((length + count - 1) / count + 15) / 16 * 16
        return min(index * step, length)..<min((index + 1) * step, length)
    }
}

extension Device {
    /// out = a b, or out += a b, with `epilogue` called on each tile as soon as it is computed, while
    /// it is in the cache.
    package func multiply(
        _ a: Matrix, _ b: Matrix, into out: Matrix, adds: Bool = false,
        epilogue: (Tile) -> Void = { _ in }
    ) {
        precondition(
            a.columns == b.rows && a.rows == out.rows && b.columns == out.columns
                && !out.isTransposed,
            "cannot multiply \(a.rows)x\(a.columns) by \(b.rows)x\(b.columns) "
                + "into \(out.rows)x\(out.columns)")
        let tiling = Tiling(rowCount: out.rows, columnCount: out.columns)
        threads.forEach(tiling.count) { index in
            let tile = tiling[index]
            guard !tile.rows.isEmpty && !tile.columns.isEmpty else { return }
            Self.multiplyTile(tile, a, b, into: out, adds: adds)
            epilogue(tile)
        }
    }

    /// One call to BLAS on the calling thread: out = scale a b, or out += scale a b.
    static func multiplySerially(
        _ a: Matrix, _ b: Matrix, into out: Matrix, adds: Bool = false, scale: Float = 1
    ) {
        multiplyTile(
            Tile(rows: 0..<out.rows, columns: 0..<out.columns), a, b, into: out, adds: adds,
            scale: scale)
    }

    private static func multiplyTile(
        _ tile: Tile, _ a: Matrix, _ b: Matrix, into out: Matrix, adds: Bool, scale: Float = 1
    ) {
        cblas_sgemm(
            CblasRowMajor, a.transposition, b.transposition, Int32(tile.rows.count),
            Int32(tile.columns.count), Int32(a.columns), scale,
            a.rows(from: tile.rows.lowerBound), Int32(a.stride),
            b.columns(from: tile.columns.lowerBound), Int32(b.stride), adds ? 1 : 0,
            out.pointer + tile.rows.lowerBound * out.stride + tile.columns.lowerBound,
            Int32(out.stride))
    }
}
