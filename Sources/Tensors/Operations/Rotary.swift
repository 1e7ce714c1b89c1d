import CKernels
import Foundation

/// Angles of rotary positions: cosines and sines [positions, head size / 2].
package struct RotaryTable: Sendable {
    package let cosines: Tensor<Float>
    package let sines: Tensor<Float>

    /// Position p turns plane i by p * frequencies[i]; computed as Hugging Face does, the product in
    /// Float, so that logits are equal at far positions too.
    package init(frequencies: [Float], positions: Int, device: Device) {
        let shape = [positions, frequencies.count]
        cosines = device.uninitialized(shape)
        sines = device.uninitialized(shape)
        for position in 0..<positions {
            for (plane, frequency) in frequencies.enumerated() {
                let angle = Double(Float(position) * frequency)
                let index = position * frequencies.count + plane
                cosines.pointer[index] = Float(cos(angle))
                sines.pointer[index] = Float(sin(angle))
            }
        }
    }

    /// Positions that have angles.
    package var positionCount: Int { cosines.shape[0] }
    package var headSize: Int { 2 * cosines.columnCount }
}

extension Tape {
    /// Turns queries [B, T, H D] and keys [B, T, K D] by the angles of their positions and lays
    /// them side by side with the values [B, T, K D]: [B, T, (H + 2K) D], as attention takes them.
    ///
    /// Backward turns the gradients back by the same angles.
    ///
    /// - Parameter start: the position of the first row.
    package func rotate(
        queries: Variable, keys: Variable, values: Variable, _ table: RotaryTable,
        from start: Int = 0
    ) -> Variable {
        let parts = [queries, keys, values]
        let layout = RotaryLayout(shapes: parts.map(\.shape), table, start: start)
        let out = kept(layout.shape, of: Float.self)
        let tensors = parts.map(\.value)
        device.forEachRowChunk(layout) { sequence, rows in
            for part in tensors.indices {
                layout.turn(tensors[part], into: out, part: part, sequence, rows)
            }
        }
        return record(out, inputs: parts.map(\.node)) { [device, nodes = parts.map(\.node)] dy in
            for (index, node) in nodes.enumerated() {
                node?.contribute { gradient, adds in
                    device.forEachRowChunk(layout) { sequence, rows in
                        layout.turnBack(
                            dy, into: gradient, part: index, sequence, rows, adds: adds)
                    }
                }
            }
        }
    }
}

/// The places of queries, keys and values beside each other.
private struct RotaryLayout {
    let batchSize: Int, length: Int
    let widths: [Int]
    let table: RotaryTable
    let start: Int

    init(shapes: [[Int]], _ table: RotaryTable, start: Int) {
        let (queries, keys, values) = (shapes[0], shapes[1], shapes[2])
        precondition(
            shapes.allSatisfy { $0.count == 3 && $0[2] % table.headSize == 0 } && keys == values
                && queries.dropLast() == keys.dropLast()
                && start + queries[1] <= table.positionCount,
            "expected [B, T, heads * \(table.headSize)] within \(table.positionCount) positions, "
                + "got \(shapes) from \(start)")
        (batchSize, length) = (queries[0], queries[1])
        widths = shapes.map { $0[2] }
        self.table = table
        self.start = start
    }

    var total: Int { widths.reduce(0, +) }
    var shape: [Int] { [batchSize, length, total] }

    func turn(
        _ x: Tensor<Float>, into out: Tensor<Float>, part: Int, _ sequence: Int, _ rows: Range<Int>
    ) {
        turn(
            rows, own(x, part, sequence, rows), stride: widths[part],
            into: joined(out, part, sequence, rows), stride: total, part: part, direction: 1,
            adds: false)
    }

    func turnBack(
        _ dy: Tensor<Float>, into dx: Tensor<Float>, part: Int, _ sequence: Int,
        _ rows: Range<Int>, adds: Bool
    ) {
        turn(
            rows, joined(dy, part, sequence, rows), stride: total,
            into: own(dx, part, sequence, rows), stride: widths[part], part: part, direction: -1,
            adds: adds)
    }

    private func own(
        _ tensor: Tensor<Float>, _ part: Int, _ sequence: Int, _ rows: Range<Int>
    ) -> UnsafeMutablePointer<Float> {
        tensor.pointer + (sequence * length + rows.lowerBound) * widths[part]
    }

    private func joined(
        _ tensor: Tensor<Float>, _ part: Int, _ sequence: Int, _ rows: Range<Int>
    ) -> UnsafeMutablePointer<Float> {
        tensor.pointer + (sequence * length + rows.lowerBound) * total
            + widths[..<part].reduce(0, +)
    }

    private func turn(
        _ rows: Range<Int>, _ x: UnsafeMutablePointer<Float>, stride xStride: Int,
        into out: UnsafeMutablePointer<Float>, stride outStride: Int, part: Int,
        direction: Float, adds: Bool
    ) {
        guard part < 2 else {
            for row in 0..<rows.count {
                let (target, source) = (out + row * outStride, x + row * xStride)
                if adds {
                    kernel_add(target, target, source, widths[part])
                } else {
                    target.update(from: source, count: widths[part])
                }
            }
            return
        }
        let half = table.cosines.columnCount
        let angles = (start + rows.lowerBound) * half
        kernel_rotate_heads(
            out, outStride, x, xStride, table.cosines.pointer + angles,
            table.sines.pointer + angles, rows.count, widths[part] / (2 * half), half, direction,
            adds ? 1 : 0)
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
