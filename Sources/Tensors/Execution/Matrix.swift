/// A matrix in memory: `rows` x `columns` as the product sees it, `stride` elements between the
/// rows in memory. A transposed matrix is stored as `columns` x `rows`.
package struct Matrix<Element: TensorElement> {
    package var pointer: UnsafeMutablePointer<Element>
    package var rows: Int
    package var columns: Int
    package var stride: Int
    package var isTransposed: Bool

    package init(
        _ pointer: UnsafeMutablePointer<Element>, rows: Int, columns: Int, stride: Int? = nil,
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

    func firstRows(_ count: Int) -> Matrix {
        Matrix(pointer, rows: count, columns: columns, stride: stride)
    }

    func rows(from row: Int) -> UnsafeMutablePointer<Element> {
        pointer + (isTransposed ? row : row * stride)
    }

    func columns(from column: Int) -> UnsafeMutablePointer<Element> {
        pointer + (isTransposed ? column * stride : column)
    }

    func part(_ rows: Range<Int>, _ columns: Range<Int>) -> Matrix {
        let (row, column) = (rows.lowerBound, columns.lowerBound)
        return Matrix(
            pointer + (isTransposed ? column * stride + row : row * stride + column),
            rows: rows.count, columns: columns.count, stride: stride, isTransposed: isTransposed)
    }

    func start(of tile: Tile) -> UnsafeMutablePointer<Element> {
        pointer + tile.rows.lowerBound * stride + tile.columns.lowerBound
    }
}

extension Tensor {
    /// The tensor as a matrix, with all axes but the last as rows.
    package var matrix: Matrix<Element> { Matrix(pointer, rows: rowCount, columns: columnCount) }
}
