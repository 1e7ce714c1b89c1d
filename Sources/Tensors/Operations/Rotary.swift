import CKernels
import Foundation

/// Angles of rotary positions: cosines and sines [positions, head size / 2].
package struct RotaryTable: Sendable {
    package let cosines: Tensor<Float>
    package let sines: Tensor<Float>

    /// Position p turns plane i by p * frequencies[i]; computed as Hugging Face does, the product in
    /// Float, so that logits are equal at far positions too.
    ///
    /// - Parameter amplitude: what cosines and sines are multiplied with.
    package init(frequencies: [Float], positions: Int, amplitude: Float = 1, device: Device) {
        let shape = [positions, frequencies.count]
        let (cosines, sines) = (device.uninitialized(shape), device.uninitialized(shape))
        device.forEachRowChunk(rows: positions, columns: frequencies.count) { positions in
            for position in positions {
                for (plane, frequency) in frequencies.enumerated() {
                    let angle = Double(Float(position) * frequency)
                    let index = position * frequencies.count + plane
                    cosines.pointer[index] = amplitude * Float(cos(angle))
                    sines.pointer[index] = amplitude * Float(sin(angle))
                }
            }
        }
        (self.cosines, self.sines) = (cosines, sines)
    }

    private init(cosines: Tensor<Float>, sines: Tensor<Float>) {
        (self.cosines, self.sines) = (cosines, sines)
    }

    /// The angles of some positions, one behind the other.
    package func rows(_ positions: [Int], on device: Device) -> RotaryTable {
        func gathered(_ table: Tensor<Float>) -> Tensor<Float> {
            let columns = table.columnCount
            let out = device.uninitialized([positions.count, columns])
            for (row, position) in positions.enumerated() {
                (out.pointer + row * columns).update(
                    from: table.pointer + position * columns, count: columns)
            }
            return out
        }
        return RotaryTable(cosines: gathered(cosines), sines: gathered(sines))
    }

    /// The angles of some positions of tables, one after the other, all of one width.
    package init(_ rows: [(table: RotaryTable, position: Int)], device: Device) {
        let planes = rows.first?.table.cosines.columnCount ?? 0
        let (cosines, sines) = (
            device.uninitialized([rows.count, planes]), device.uninitialized([rows.count, planes])
        )
        for (index, row) in rows.enumerated() {
            let (from, to) = (row.position * planes, index * planes)
            (cosines.pointer + to).update(from: row.table.cosines.pointer + from, count: planes)
            (sines.pointer + to).update(from: row.table.sines.pointer + from, count: planes)
        }
        (self.cosines, self.sines) = (cosines, sines)
    }

    /// Positions that have angles.
    package var positionCount: Int { cosines.shape[0] }
    /// Values of a head that turn; those behind them stay.
    package var turnedSize: Int { 2 * cosines.columnCount }
}

extension Tape {
    /// Turns queries [B, T, H D] and keys [B, T, K D] by the angles of their positions and lays
    /// them side by side with the values [B, T, K D]: [B, T, (H + 2K) D], as attention takes them.
    ///
    /// Backward turns the gradients back by the same angles.
    ///
    /// - Parameters:
    ///   - headSize: D; nil where all of a head turns.
    ///   - start: the position of the first row.
    package func rotate(
        queries: Variable, keys: Variable, values: Variable, _ table: RotaryTable,
        headSize: Int? = nil, from start: Int = 0
    ) -> Variable {
        let size = headSize ?? table.turnedSize
        let parts = [queries, keys, values]
        precondition(
            parts.allSatisfy { $0.shape.count == 3 && $0.shape[2] % size == 0 }
                && keys.shape == values.shape && queries.shape.dropLast() == keys.shape.dropLast(),
            "expected [B, T, heads * \(size)], got \(parts.map(\.shape))")
        let places = parts.enumerated().map { index, part in
            HeadPlaces(
                source: index, first: 0, stride: size, count: part.shape[2] / size,
                rowStride: part.shape[2])
        }
        return rotate(
            parts, RotaryLayout(queries.shape, places, size, table, start: start))
    }

    /// Turns queries and keys that lie in one tensor [B, T, (H + 2K) D] with the values: all queries,
    /// all keys, all values, or head by head the queries, keys and values of each.
    ///
    /// - Parameters:
    ///   - isByHead: whether they lie head by head; H = K then.
    ///   - start: the position of the first row.
    package func rotate(
        _ joined: Variable, headCount: Int, keyValueHeadCount: Int, isByHead: Bool,
        _ table: RotaryTable, from start: Int = 0
    ) -> Variable {
        let (shape, total) = (joined.shape, headCount + 2 * keyValueHeadCount)
        precondition(
            shape.count == 3 && shape[2] % total == 0
                && (!isByHead || headCount == keyValueHeadCount),
            "expected [B, T, \(total) * head size], got \(shape)")
        let size = shape[2] / total
        let counts = [headCount, keyValueHeadCount, keyValueHeadCount]
        let places = (0..<3).map { part in
            let before = isByHead ? part : counts[..<part].reduce(0, +)
            return HeadPlaces(
                source: 0, first: before * size, stride: isByHead ? 3 * size : size,
                count: counts[part], rowStride: shape[2])
        }
        return rotate([joined], RotaryLayout(shape, places, size, table, start: start))
    }

    private func rotate(_ inputs: [Variable], _ layout: RotaryLayout) -> Variable {
        let out = kept(layout.shape, of: Float.self)
        let tensors = inputs.map(\.value)
        device.forEachRowChunk(layout) { sequence, rows in
            for part in 0..<3 {
                layout.turn(
                    tensors[layout.places[part].source], into: out, part: part, sequence, rows)
            }
        }
        return record(out, inputs: inputs.map(\.node)) { [device, nodes = inputs.map(\.node)] dy in
            for (index, node) in nodes.enumerated() {
                let parts = (0..<3).filter { layout.places[$0].source == index }
                node?.contribute { gradient, adds in
                    device.forEachRowChunk(layout) { sequence, rows in
                        for part in parts {
                            layout.turnBack(
                                dy, into: gradient, part: part, sequence, rows, adds: adds)
                        }
                    }
                }
            }
        }
    }
}

/// Where the heads of queries, keys or values lie in the rows of a tensor.
private struct HeadPlaces {
    /// The number of the tensor among the inputs.
    let source: Int
    /// The column of the first head.
    let first: Int
    /// Columns from head to head.
    let stride: Int
    let count: Int
    /// Columns of the tensor.
    let rowStride: Int
}

/// The places of queries, keys and values, and beside each other in the result.
private struct RotaryLayout {
    let batchSize: Int, length: Int, headSize: Int
    let places: [HeadPlaces]
    let table: RotaryTable
    let start: Int

    init(_ shape: [Int], _ places: [HeadPlaces], _ size: Int, _ table: RotaryTable, start: Int) {
        precondition(
            table.turnedSize <= size && start + shape[1] <= table.positionCount,
            "expected \(shape) from \(start) within \(table.positionCount) positions, "
                + "and heads of at least \(table.turnedSize), got \(size)")
        (batchSize, length, headSize) = (shape[0], shape[1], size)
        self.places = places
        self.table = table
        self.start = start
    }

    var total: Int { places.reduce(0) { $0 + $1.count } * headSize }
    var shape: [Int] { [batchSize, length, total] }

    func turn(
        _ x: Tensor<Float>, into out: Tensor<Float>, part: Int, _ sequence: Int, _ rows: Range<Int>
    ) {
        turn(
            rows, own(x, part, sequence, rows), places[part],
            into: joined(out, part, sequence, rows), besides, part: part, direction: 1,
            adds: false)
    }

    func turnBack(
        _ dy: Tensor<Float>, into dx: Tensor<Float>, part: Int, _ sequence: Int,
        _ rows: Range<Int>, adds: Bool
    ) {
        turn(
            rows, joined(dy, part, sequence, rows), besides,
            into: own(dx, part, sequence, rows), places[part], part: part, direction: -1,
            adds: adds)
    }

    /// The places in the result.
    private var besides: HeadPlaces {
        HeadPlaces(source: 0, first: 0, stride: headSize, count: 0, rowStride: total)
    }

    private func own(
        _ tensor: Tensor<Float>, _ part: Int, _ sequence: Int, _ rows: Range<Int>
    ) -> UnsafeMutablePointer<Float> {
        let row = sequence * length + rows.lowerBound
        return tensor.pointer + row * places[part].rowStride + places[part].first
    }

    private func joined(
        _ tensor: Tensor<Float>, _ part: Int, _ sequence: Int, _ rows: Range<Int>
    ) -> UnsafeMutablePointer<Float> {
        let before = places[..<part].reduce(0) { $0 + $1.count } * headSize
        return tensor.pointer + (sequence * length + rows.lowerBound) * total + before
    }

    /// Values do not turn.
    private func turn(
        _ rows: Range<Int>, _ x: UnsafeMutablePointer<Float>, _ from: HeadPlaces,
        into out: UnsafeMutablePointer<Float>, _ to: HeadPlaces, part: Int, direction: Float,
        adds: Bool
    ) {
        let planes = table.cosines.columnCount
        let half = part < 2 ? planes : 0
        let angles = (start + rows.lowerBound) * planes
        kernel_rotate_heads(
            out, to.rowStride, to.stride, x, from.rowStride, from.stride,
            table.cosines.pointer + angles, table.sines.pointer + angles, rows.count,
            places[part].count, half, headSize - 2 * half, direction, adds ? 1 : 0)
    }
}

extension Device {
    /// Cuts the rows of each sequence into chunks.
    fileprivate func forEachRowChunk(
        _ layout: RotaryLayout, _ body: (Int, Range<Int>) -> Void
    ) {
        forEachRowChunk(
            sequences: layout.batchSize, rows: layout.length, columns: layout.total, body)
    }
}
