/// A rectangle of a product, computed by one call to BLAS.
package struct Tile {
    package let rows: Range<Int>
    package let columns: Range<Int>
}

/// The tiles of a product: a function of its shape alone, so that the same bits come out of any
/// number of threads. The inner dimension is never cut.
///
/// The longer side is halved until a tile fits the cache and, where there is work enough, until there
/// are eight tiles, or 64 fine ones: powers of two share out evenly among threads. The libraries copy the
/// operands of each tile, so that fine ones cost 5 to 25 % (measured with oneDNN, AVX-512) and pay from
/// some 16 threads on.
package struct Tiling {
    private let rowCount: Int
    private let columnCount: Int
    private(set) var tilesDown = 1
    private(set) var tilesAcross = 1

    /// Tiles for all threads, as long as each is worth handing over.
    package static let wantedCount = 8
    private static let wantedFineCount = 64
    /// Multiplications in a tile below which it is not cut for the sake of the threads: ten
    /// microseconds of work.
    private static let leastWork = 1 << 21
    /// The same for fine tiles, which are still products that the libraries treat as large ones.
    private static let leastFineWork = 1 << 24
    /// Elements of the result above which a tile is always cut.
    private static let largestArea = 1 << 19

    package init(rows: Int, columns: Int, depth: Int, isFine: Bool = false) {
        rowCount = rows
        columnCount = columns
        while isWorthCutting(depth: depth) || isFine && isWorthCuttingFinely(depth: depth) {
            if tileRows >= tileColumns { tilesDown *= 2 } else { tilesAcross *= 2 }
        }
    }

    init(oneTileOf rows: Int, _ columns: Int) {
        (rowCount, columnCount) = (rows, columns)
    }

    package var count: Int { tilesDown * tilesAcross }

    package subscript(index: Int) -> Tile {
        let (across, down) = index.quotientAndRemainder(dividingBy: tilesDown)
        return Tile(rows: rows(down), columns: columns(across))
    }

    func rows(_ down: Int) -> Range<Int> { part(down, step: tileRows, length: rowCount) }
    func columns(_ across: Int) -> Range<Int> {
        part(across, step: tileColumns, length: columnCount)
    }

    /// The number of rows of a tile; the last ones may have fewer.
    var tileRows: Int { Self.step(rowCount, tilesDown) }
    var tileColumns: Int { Self.step(columnCount, tilesAcross) }

    private func isWorthCutting(depth: Int) -> Bool {
        let area = tileRows * tileColumns
        guard max(tileRows, tileColumns) > 16 else { return false }
        let leastWork = rowCount == 1 ? Device.leastWorkOfRow : Self.leastWork
        return area > Self.largestArea || count < Self.wantedCount && area * depth > leastWork
    }

    private func isWorthCuttingFinely(depth: Int) -> Bool {
        rowCount > 1 && count < Self.wantedFineCount
            && tileRows * tileColumns * depth > Self.leastFineWork
    }

    /// Borders on multiples of 16 keep the kernels on whole registers.
    private static func step(_ length: Int, _ count: Int) -> Int {
        ((length + count - 1) / count + 15) / 16 * 16
    }

    private func part(_ index: Int, step: Int, length: Int) -> Range<Int> {
        min(index * step, length)..<min((index + 1) * step, length)
    }
}
