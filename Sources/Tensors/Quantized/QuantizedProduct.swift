import CKernels

/// A quantised matrix as the weight of a product.
package struct QuantizedWeight: Sendable {
    package let matrix: QuantizedMatrix
    package let arithmetic: QuantizedArithmetic

    package init(_ matrix: QuantizedMatrix, _ arithmetic: QuantizedArithmetic = .exact) {
        (self.matrix, self.arithmetic) = (matrix, arithmetic)
    }
}

/// A part of a product that one thread computes at a time; no bit depends on the parts.
private struct QuantizedParts {
    let groupCount: Int
    let rowCount: Int
    let groupsInPart: Int
    private let rowsInPart: Int
    private let partsAcross: Int

    /// Rows for which groups are decoded anew.
    private static let mostRows = 256
    /// Bytes of weights that are worth handing over, and that one thread takes at a time.
    private static let leastBytes = 1 << 14
    private static let mostBytes = 1 << 20
    /// Groups that the kernels take at once, and a multiple of it for more rows.
    private static let step = 12

    /// - Parameter few: the rows up to which weights are decoded in registers.
    init(_ matrix: QuantizedMatrix, rows: Int, few: Int, threadCount: Int) {
        (groupCount, rowCount) = (matrix.groupCount, rows)
        rowsInPart = Self.mostRows
        if rows > few {
            groupsInPart = Self.step
        } else {
            // Each thread's part is one stretch of memory, and large matrices are shared out more finely.
            let share = (groupCount + threadCount - 1) / threadCount
            let most = max(1, Self.mostBytes / matrix.groupByteCount)
            let least = Self.leastBytes / matrix.groupByteCount
            groupsInPart = (max(1, min(share, most), least) + 3) / 4 * 4
        }
        partsAcross = (groupCount + groupsInPart - 1) / groupsInPart
    }

    var count: Int { partsAcross * ((rowCount + rowsInPart - 1) / rowsInPart) }

    subscript(index: Int) -> (groups: Range<Int>, rows: Range<Int>) {
        let (down, across) = index.quotientAndRemainder(dividingBy: partsAcross)
        let (group, row) = (across * groupsInPart, down * rowsInPart)
        return (
            group..<min(group + groupsInPart, groupCount), row..<min(row + rowsInPart, rowCount)
        )
    }
}

/// One of the products that are computed together. It holds pointers alone, whose memory the caller keeps:
/// threads that count references to one object wait for each other.
private struct QuantizedProduct {
    private let weights: quantized_weights
    private let outputCount: Int
    private let x: Matrix<Float>
    /// What x is rounded to; nil in exact arithmetic.
    private let rounded: IntegerPanels.Blocks?
    private let out: Matrix<Float>
    private let parts: QuantizedParts
    /// Bytes that a part needs beside its result.
    private let room: Int
    private let way: Int32

    init(
        _ x: Matrix<Float>, _ matrix: QuantizedMatrix, rounded: IntegerPanels?,
        into out: Matrix<Float>, _ way: QuantizedWay, threadCount: Int
    ) {
        (self.x, self.rounded, self.out) = (x, rounded?.blocks, out)
        (weights, outputCount, self.way) = (matrix.weights, matrix.outputCount, way.code)
        let few = Int(rounded == nil ? QUANTIZED_FEW_ROWS : QUANTIZED_INTEGER_FEW_ROWS)
        parts = QuantizedParts(matrix, rows: x.rows, few: few, threadCount: threadCount)
        if x.rows <= few {
            room = 0
        } else {
            room =
                rounded == nil
                ? kernel_quantized_scratch(matrix.depth) * MemoryLayout<Float>.stride
                : kernel_integer_scratch(matrix.depth)
        }
    }

    var partCount: Int { parts.count }

    func compute(_ part: Int, _ memory: StoragePool) {
        let (groups, rows) = parts[part]
        let scratch = room > 0 ? Storage(byteCount: room, pool: memory) : nil
        let first = groups.lowerBound * QuantizedMatrix.lanes
        let to = out.pointer + rows.lowerBound * out.stride + first
        if let rounded {
            kernel_integer_product(
                way, to, out.stride, weights, groups.lowerBound, groups.count,
                outputCount - first, rounded.fromRow(rows.lowerBound), rows.count,
                scratch?.pointer.assumingMemoryBound(to: UInt8.self))
        } else {
            kernel_quantized_product(
                way, to, out.stride, weights, groups.lowerBound, groups.count,
                outputCount - first, x.pointer + rows.lowerBound * x.stride, x.stride,
                rows.count, scratch?.pointer.assumingMemoryBound(to: Float.self))
        }
    }
}

extension Device {
    /// out = x wᵀ: x [rows, depth], w [outputs, depth]. A row of the result has the same bits whatever rows
    /// stand beside it.
    package func multiply(
        _ x: Matrix<Float>, _ weight: QuantizedWeight, into out: Matrix<Float>,
        way: QuantizedWay = .usual
    ) {
        multiply(x, [weight], into: [out], way: way)
    }

    /// The same with several weights at once, which spares threads waiting for each other.
    func multiply(
        _ x: Matrix<Float>, _ weights: [QuantizedWeight], into outs: [Matrix<Float>],
        way: QuantizedWay = .usual
    ) {
        guard x.rows > 0 else { return }
        var rounded: [QuantizedType: IntegerPanels] = [:]
        let products = zip(weights, outs).map { weight, out in
            let w = weight.matrix
            precondition(
                !x.isTransposed && !out.isTransposed && x.columns == w.depth && x.rows == out.rows
                    && out.columns == w.outputCount,
                "cannot multiply \(x.rows)x\(x.columns) by \(w.depth)x\(w.outputCount) "
                    + "into \(out.rows)x\(out.columns)")
            if weight.arithmetic == .int8 && rounded[w.type] == nil {
                rounded[w.type] = IntegerPanels(x, for: w, way, on: self)
            }
            return QuantizedProduct(
                x, w, rounded: weight.arithmetic == .int8 ? rounded[w.type] : nil, into: out, way,
                threadCount: threads.threadCount)
        }
        let count = products.reduce(0) { $0 + $1.partCount }
        products.withUnsafeBufferPointer { products in
            forEach(count, as: .matmul) { index in
                var (part, number) = (index, 0)
                while part >= products[number].partCount {
                    part -= products[number].partCount
                    number += 1
                }
                products[number].compute(part, memory)
            }
        }
        withExtendedLifetime((weights, rounded)) {}
    }

    /// dx = dy w, or dx += dy w: dy [rows, outputs], w [outputs, depth] decoded a strip at a time.
    package func multiplyBack(
        _ dy: Matrix<Float>, _ w: QuantizedMatrix, into dx: Matrix<Float>, adds: Bool
    ) {
        let (lanes, depth) = (QuantizedMatrix.lanes, w.depth)
        let step = min(Self.groupsInStrip, w.groupCount)
        let scratch = uninitialized([depth, step * lanes])
        let (to, stride) = (scratch.pointer, step * lanes)
        for first in Swift.stride(from: 0, to: w.groupCount, by: step) {
            let count = min(step, w.groupCount - first)
            forEach(count, as: .matmul) { group in
                w.decode(
                    first + group..<first + group + 1, into: to + group * lanes, stride: stride)
            }
            let outputs = first * lanes..<min((first + count) * lanes, w.outputCount)
            let strip = Matrix(
                to, rows: outputs.count, columns: depth, stride: stride, isTransposed: true)
            multiply(
                dy.part(0..<dy.rows, outputs), strip, into: dx, adds: adds || first > 0)
        }
        withExtendedLifetime((scratch, w)) {}
    }

    /// Groups of outputs that are decoded at a time in a backward pass.
    private static let groupsInStrip = 32
}

/// Rows of floats rounded to integers of 8 bits, eight rows side by side.
private struct IntegerPanels {
    private let storage: Storage
    let blocks: Blocks

    fileprivate static let rowsInPanel = Int(QUANTIZED_PANEL)

    /// The blocks of all panels, which the panels keep.
    struct Blocks {
        fileprivate let start: UnsafeMutablePointer<integer_block>
        /// Blocks of a panel.
        fileprivate let count: Int

        func fromRow(_ row: Int) -> UnsafeMutablePointer<integer_block> {
            start + row / IntegerPanels.rowsInPanel * count
        }
    }

    init(_ x: Matrix<Float>, for w: QuantizedMatrix, _ way: QuantizedWay, on device: Device) {
        let panelCount = (x.rows + Self.rowsInPanel - 1) / Self.rowsInPanel
        let blockCount = w.depth / 32
        storage = Storage(
            byteCount: panelCount * blockCount * MemoryLayout<integer_block>.stride,
            pool: device.memory)
        let to = storage.pointer.assumingMemoryBound(to: integer_block.self)
        blocks = Blocks(start: to, count: blockCount)
        let (depth, type) = (w.depth, Int32(w.type.rawValue))
        device.forEach(panelCount, as: .matmul) { panel in
            let row = panel * Self.rowsInPanel
            kernel_integer_panel(
                way.code, to + panel * blockCount, x.pointer + row * x.stride, x.stride,
                min(Self.rowsInPanel, x.rows - row), depth, type)
        }
    }
}
