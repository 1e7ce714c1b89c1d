import CKernels

/// out = a b of bfloat16 by the multiplication of floats, for processors that are faster at it.
///
/// What a panel of tiles needs of a stretch of the depth is widened, which is exact, by all threads, and
/// then multiplied tile by tile. Operands are laid out as the product sees them, each tile's rows or
/// columns together: the layout that the libraries multiply fastest. Panels bound the memory and change
/// no bit; tiles and stretches are functions of the shape alone.
struct WidenedProduct<Out: Activation> {
    private let a: Matrix<BFloat16>
    private let b: Matrix<BFloat16>
    private let out: Matrix<Out>
    private let adds: Bool
    private let tiling: Tiling
    private let device: Device

    /// A longer depth is summed in stretches of as much, one after the other.
    static var mostDepth: Int { 4096 }
    /// Floats of an operand that one thread has to widen at a time.
    private static var mostFloatsOfThread: Int { 1 << 22 }
    private static var mostThreads: Int { 8 }

    /// Nil where the operands are floats, or where their product is not computed in this way.
    init?<In: Activation>(
        _ a: Matrix<In>, _ b: Matrix<In>, into out: Matrix<Out>, adds: Bool, _ tiling: Tiling,
        on device: Device
    ) {
        guard device.products.widens(rows: out.rows, columns: out.columns, depth: a.columns),
            let a = a as? Matrix<BFloat16>, let b = b as? Matrix<BFloat16>
        else { return nil }
        (self.a, self.b, self.out, self.adds) = (a, b, out, adds)
        (self.tiling, self.device) = (tiling, device)
    }

    /// Calls `epilogue` on each tile as soon as it is computed.
    ///
    /// - Parameter threadCount: all threads of the device, or the calling one.
    func compute(on threadCount: Int, _ epilogue: (Tile) -> Void = { _ in }) {
        for panel in panels(threadCount: threadCount) { compute(panel, on: threadCount, epilogue) }
    }

    private func forEach(_ count: Int, on threadCount: Int, _ body: (Int) -> Void) {
        if threadCount > 1 { return device.threads.forEach(count, body) }
        for index in 0..<count { body(index) }
    }

    /// Tiles that are computed together.
    private struct Panel {
        let down: Range<Int>
        let across: Range<Int>

        var count: Int { down.count * across.count }
    }

    private func panels(threadCount: Int) -> [Panel] {
        let most = Self.mostFloatsOfThread * min(threadCount, Self.mostThreads)
        let depth = min(a.columns, Self.mostDepth)
        let downCount = Self.count(tiling.tilesDown, of: tiling.tileRows * depth, most)
        let acrossCount = Self.count(tiling.tilesAcross, of: tiling.tileColumns * depth, most)
        return stride(from: 0, to: tiling.tilesAcross, by: acrossCount).flatMap { across in
            stride(from: 0, to: tiling.tilesDown, by: downCount).map { down in
                Panel(down: down..<down + downCount, across: across..<across + acrossCount)
            }
        }
    }

    /// How many tiles of a power of two go into one panel.
    private static func count(_ tileCount: Int, of size: Int, _ most: Int) -> Int {
        var count = tileCount
        while count > 1 && count * size > most { count /= 2 }
        return count
    }

    private func compute(
        _ panel: Panel, on threadCount: Int, _ epilogue: (Tile) -> Void
    ) {
        let tileArea = tiling.tileRows * tiling.tileColumns
        // Floats come together where they are wanted.
        let scratchArea = Out.self == Float.self ? 0 : tileArea
        let scratch = device.uninitialized([panel.count, scratchArea])
        for start in stride(from: 0, to: a.columns, by: Self.mostDepth) {
            let depth = start..<min(start + Self.mostDepth, a.columns)
            let left = Strips(
                a, count: panel.down.count, rows: tiling.tileRows, columns: depth.count, device)
            let right = Strips(
                b, count: panel.across.count, rows: depth.count, columns: tiling.tileColumns,
                device)
            forEach(left.pieceCount + right.pieceCount, on: threadCount) { index in
                if index < left.pieceCount {
                    left.widen(index) { (tiling.rows(panel.down.lowerBound + $0), depth) }
                } else {
                    right.widen(index - left.pieceCount) {
                        (depth, tiling.columns(panel.across.lowerBound + $0))
                    }
                }
            }
            forEach(panel.count, on: threadCount) { index in
                let (across, down) = index.quotientAndRemainder(dividingBy: panel.down.count)
                let tile = Tile(
                    rows: tiling.rows(panel.down.lowerBound + down),
                    columns: tiling.columns(panel.across.lowerBound + across))
                guard !tile.rows.isEmpty && !tile.columns.isEmpty else { return }
                multiply(
                    left.matrix(down, rows: tile.rows.count, columns: depth.count),
                    right.matrix(across, rows: depth.count, columns: tile.columns.count),
                    into: tile, scratch: scratch.slice(index..<index + 1), depth: depth)
                if depth.upperBound == a.columns { epilogue(tile) }
            }
        }
    }

    /// One tile's sum over one stretch of the depth.
    private func multiply(
        _ a: Matrix<Float>, _ b: Matrix<Float>, into tile: Tile, scratch: Tensor<Float>,
        depth: Range<Int>
    ) {
        let part = Matrix(
            out.start(of: tile), rows: tile.rows.count, columns: tile.columns.count,
            stride: out.stride)
        let sums = Out.sums(part, scratch: scratch)
        if adds && depth.lowerBound == 0 && Out.self != Float.self { widen(part, into: sums) }
        Float.multiply(
            Tile(rows: 0..<sums.rows, columns: 0..<sums.columns), a, b, into: sums,
            adds: adds || depth.lowerBound > 0, by: device.products)
        if depth.upperBound == self.a.columns { Out.narrow(sums, into: part) }
    }

    private func widen(_ part: Matrix<Out>, into sums: Matrix<Float>) {
        for row in 0..<sums.rows {
            Out.widen(
                sums.pointer + row * sums.stride, part.pointer + row * part.stride, sums.columns)
        }
    }
}

/// Parts of an operand as floats, one for each row or column of tiles.
private struct Strips {
    private let operand: Matrix<BFloat16>
    private let floats: Tensor<Float>
    private let stride: Int
    private let rows: Int

    private static let rowsInPiece = 64
    /// Between rows, so that they do not fall on the same places of a cache.
    private static let padding = 16

    init(
        _ operand: Matrix<BFloat16>, count: Int, rows: Int, columns: Int, _ device: Device
    ) {
        self.operand = operand
        self.rows = rows
        stride = (columns + 15) / 16 * 16 + Self.padding
        // Powers of two, so that products of all shapes share the memory.
        let size = count * rows * stride
        floats = device.uninitialized([1 << (Int.bitWidth - (size - 1).leadingZeroBitCount)])
        self.count = count
    }

    private let count: Int
    private var piecesInStrip: Int { (rows + Self.rowsInPiece - 1) / Self.rowsInPiece }
    var pieceCount: Int { count * piecesInStrip }

    func matrix(_ strip: Int, rows: Int, columns: Int) -> Matrix<Float> {
        Matrix(
            floats.pointer + strip * self.rows * stride, rows: rows, columns: columns,
            stride: stride)
    }

    /// - Parameter place: where a strip stands in the operand.
    func widen(_ piece: Int, _ place: (Int) -> (rows: Range<Int>, columns: Range<Int>)) {
        let (strip, part) = piece.quotientAndRemainder(dividingBy: piecesInStrip)
        let (rows, columns) = place(strip)
        let first = part * Self.rowsInPiece
        let count = min(Self.rowsInPiece, rows.count - first)
        guard count > 0 else { return }
        let to = floats.pointer + (strip * self.rows + first) * stride
        let (row, column) = (rows.lowerBound + first, columns.lowerBound)
        if operand.isTransposed {
            let from = UnsafePointer(operand.rows(from: row) + column * operand.stride)
            kernel_widen_transposed(
                to, from.kernel, count, columns.count, stride, operand.stride)
        } else {
            let from = UnsafePointer(operand.rows(from: row) + column)
            kernel_widen_rows(to, from.kernel, count, columns.count, stride, operand.stride)
        }
    }
}
