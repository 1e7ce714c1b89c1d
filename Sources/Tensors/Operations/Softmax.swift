import CKernels

extension Tape {
    /// Softmax over the last axis: dx = y (dy - sum(dy y)).
    package func softmax(_ x: Variable) -> Variable {
        let (rows, columns) = (x.value.rowCount, x.value.columnCount)
        let y = device.uninitialized(x.shape)
        device.forEachRowChunk(rows: rows, columns: columns) { chunk in
            let start = chunk.lowerBound * columns
            kernel_softmax(y.pointer + start, x.value.pointer + start, chunk.count, columns)
        }
        return record(y, inputs: [x.node]) { [device, x = x.node] dy in
            x?.contribute { dx, adds in
                device.forEachRowChunk(rows: rows, columns: columns) { chunk in
                    let start = chunk.lowerBound * columns
                    kernel_softmax_backward(
                        dx.pointer + start, dy.pointer + start, y.pointer + start, chunk.count,
                        columns, adds ? 1 : 0)
                }
            }
        }
    }
}
