import CKernels

extension Tape {
    /// Rows of `table` [V, C] by token id: ids [...] -> [..., C]. Ids are below V.
    ///
    /// Backward adds each row of dy to the row of its token, in the order of the tokens.
    package func embedding(_ ids: Tensor<Int32>, table: Variable) -> Variable {
        if let quantized = table.quantized {
            let rows = quantized.matrix.decoded(ids.buffer.map(Int.init), on: device)
            return constant(rows.reshaped(ids.shape + [quantized.matrix.depth]))
        }
        let columns = table.value.columnCount
        let out = device.uninitialized(ids.shape + [columns])
        device.forEachRowChunk(rows: ids.count, columns: columns) { chunk in
            kernel_gather_rows(
                out.pointer + chunk.lowerBound * columns, table.value.pointer,
                ids.pointer + chunk.lowerBound, chunk.count, columns)
        }
        return record(out, inputs: [table.node]) { [device] dy in
            table.node?.contribute { dTable, adds in
                if !adds { device.fill(dTable, with: 0) }
                device.forEachChunk(of: columns, grain: 64) { part in
                    kernel_scatter_add_rows(
                        dTable.pointer, dy.pointer, ids.pointer, ids.count, columns,
                        part.lowerBound, part.count)
                }
            }
        }
    }

    /// x [B, T, C] + the first T rows of `table` [S, C], T <= S: learned positions.
    package func addPositions(_ x: Variable, table: Variable) -> Variable {
        let (length, columns) = (x.shape[1], x.shape[2])
        precondition(
            x.shape.count == 3 && table.shape[1] == columns && length <= table.shape[0],
            "expected at most \(table.shape[0]) positions of \(table.shape[1]), got \(x.shape)")
        let out = device.uninitialized(x.shape)
        device.forEachRowChunk(sequences: x.shape[0], rows: length, columns: columns) { b, rows in
            let first = rows.lowerBound * columns
            let start = b * length * columns + first
            kernel_add(
                out.pointer + start, x.value.pointer + start, table.value.pointer + first,
                rows.count * columns)
        }
        return record(out, inputs: [x.node, table.node]) {
            [device, x = x.node, table = table.node] dy in
            table?.contribute { dTable, adds in
                if !adds { device.fill(dTable, with: 0) }
                let rows = dTable.slice(0..<length).reshaped([length * columns])
                let perSequence = dy.reshaped([dy.shape[0], length * columns])
                device.columnSums(perSequence, into: rows, adds: true)
            }
            x?.contribute(dy)
        }
    }
}
