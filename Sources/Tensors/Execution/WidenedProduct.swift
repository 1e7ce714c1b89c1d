import CKernels

/// out = a b of bfloat16 by the multiplication of floats, for processors that are faster at it. One
/// operand may be of floats: it is read where it lies.
///
/// What a panel of tiles needs of a stretch of the depth is widened, which is exact, by all threads, and
/// then multiplied tile by tile. Operands are laid out as the product sees them, each tile's rows or
/// columns together: the layout that the libraries multiply fastest. Panels bound the memory and change
/// no bit; tiles and stretches are functions of the shape alone.
struct WidenedProduct<Out: ComputeElement> {
    private let a: WidenedOperand
    private let b: WidenedOperand
    private let depth: Int
    private let out: Matrix<Out>
    private let adds: Bool
    private let tiling: Tiling
    private let device: Device

    /// A longer depth is summed in stretches of as much, one after the other.
    static var mostDepth: Int { 4096 }
    /// Floats of an operand that one thread has to widen at a time.
    private static var mostFloatsOfThread: Int { 1 << 22 }
    private static var mostThreads: Int { 64 }

    /// Prepares the product; nil where both operands are floats, or where their product is not
    /// computed in this way.
    init?<Left: ComputeElement, Right: ComputeElement>(
        _ a: Matrix<Left>, _ b: Matrix<Right>, into out: Matrix<Out>, adds: Bool,
        _ tiling: Tiling, on device: Device
    ) {
        guard
            Left.self == Right.self
                ? Left.self == BFloat16.self
                    && device.products.widens(
                        rows: out.rows, columns: out.columns, depth: a.columns)
                : a.columns > 0
        else { return nil }
        (self.a, self.b) = (WidenedOperand(a), WidenedOperand(b))
        (self.out, self.adds, depth) = (out, adds, a.columns)
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
        let depth = min(depth, Self.mostDepth)
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
        for start in stride(from: 0, to: self.depth, by: Self.mostDepth) {
            let depth = start..<min(start + Self.mostDepth, self.depth)
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
                    left.matrix(down, at: (tile.rows, depth)),
                    right.matrix(across, at: (depth, tile.columns)),
                    into: tile, scratch: scratch.slice(index..<index + 1), depth: depth)
                if depth.upperBound == self.depth { epilogue(tile) }
            }
        }
    }

    /// Computes one tile's sum over one stretch of the depth.
    private func multiply(
        _ a: Matrix<Float>, _ b: Matrix<Float>, into tile: Tile, scratch: Tensor<Float>,
        depth: Range<Int>
    ) {
        let part = Matrix(
            out.start(of: tile), rows: tile.rows.count, columns: tile.columns.count,
            stride: out.stride)
        let sums = Out.sums(part, scratch: scratch)
        if adds && depth.lowerBound == 0 && Out.self != Float.self { Out.widen(part, into: sums) }
        Float.multiply(
            Tile(rows: 0..<sums.rows, columns: 0..<sums.columns), a, b, into: sums,
            adds: adds || depth.lowerBound > 0, by: device.products)
        if depth.upperBound == self.depth { Out.narrow(sums, into: part) }
    }
}

private enum WidenedOperand {
    case floats(Matrix<Float>)
    case bfloat16(Matrix<BFloat16>)

    init<Element: ComputeElement>(_ matrix: Matrix<Element>) {
        if let floats = matrix as? Matrix<Float> {
            self = .floats(floats)
        } else if let bfloat16 = matrix as? Matrix<BFloat16> {
            self = .bfloat16(bfloat16)
        } else {
            preconditionFailure("expected floats or bfloat16, got \(Element.self)")
        }
    }
}

/// Parts of an operand as floats, one for each row or column of tiles.
private struct Strips {
    private let operand: WidenedOperand
    /// The memory of the widened parts; nil where the operand is floats.
    private let floats: Tensor<Float>?
    private let stride: Int
    private let rows: Int

    private static let rowsInPiece = 64
    /// Between rows, so that they do not fall on the same places of a cache.
    private static let padding = 16

    init(
        _ operand: WidenedOperand, count: Int, rows: Int, columns: Int, _ device: Device
    ) {
        self.operand = operand
        (self.count, self.rows) = (count, rows)
        stride = (columns + 15) / 16 * 16 + Self.padding
        guard case .bfloat16 = operand else {
            floats = nil
            return
        }
        // Powers of two, so that products of all shapes share the memory.
        let size = count * rows * stride
        floats = device.uninitialized([1 << (Int.bitWidth - (size - 1).leadingZeroBitCount)])
    }

    private let count: Int
    private var piecesInStrip: Int { (rows + Self.rowsInPiece - 1) / Self.rowsInPiece }
    var pieceCount: Int { floats == nil ? 0 : count * piecesInStrip }

    /// - Parameter place: where the strip lies in the operand.
    func matrix(
        _ strip: Int, at place: (rows: Range<Int>, columns: Range<Int>)
    ) -> Matrix<Float> {
        if case .floats(let matrix) = operand { return matrix.part(place.rows, place.columns) }
        guard let floats else { preconditionFailure("bfloat16 is widened into memory") }
        return Matrix(
            floats.pointer + strip * rows * stride, rows: place.rows.count,
            columns: place.columns.count, stride: stride)
    }

    /// - Parameter place: where a strip lies in the operand.
    func widen(_ piece: Int, _ place: (Int) -> (rows: Range<Int>, columns: Range<Int>)) {
        let (strip, block) = piece.quotientAndRemainder(dividingBy: piecesInStrip)
        let (rows, columns) = place(strip)
        let first = block * Self.rowsInPiece
        let count = min(Self.rowsInPiece, rows.count - first)
        guard count > 0, let floats, case .bfloat16(let operand) = operand else { return }
        let to = floats.pointer + (strip * self.rows + first) * stride
        let start = rows.lowerBound + first
        let part = operand.part(start..<start + count, columns)
        let widen = part.isTransposed ? kernel_widen_transposed : kernel_widen_rows
        widen(
            to, UnsafePointer(part.pointer).kernel, count, columns.count, stride, part.stride)
    }
}
