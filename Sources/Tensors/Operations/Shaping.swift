import CKernels

extension Tape {
    /// The elements of x under another shape.
    package func reshape<Element>(_ x: Value<Element>, to shape: [Int]) -> Value<Element> {
        record(x.value.reshaped(shape), inputs: [x.node]) { [x = x.node] dy in
            x?.contribute(dy)
        }
    }

    /// Indices `rows` of the first axis.
    package func slice(_ x: Variable, rows: Range<Int>) -> Variable {
        record(x.value.slice(rows), inputs: [x.node]) { [device, x = x.node] dy in
            x?.contribute { dx, adds in
                if !adds { device.fill(dx, with: 0) }
                let part = dx.slice(rows)
                device.add(part, dy, into: part)
            }
        }
    }

    /// Swaps the last two axes: [..., M, N] -> [..., N, M].
    package func transpose(_ x: Variable) -> Variable {
        record(device.transposed(x.value), inputs: [x.node]) { [device, x = x.node] dy in
            x?.contribute(device.transposed(dy))
        }
    }
}

extension Device {
    /// The last two axes swapped.
    package func transposed(_ x: Tensor<Float>) -> Tensor<Float> {
        precondition(x.shape.count >= 2, "expected at least two axes, got \(x.shape)")
        let (rows, columns) = (x.shape[x.shape.count - 2], x.columnCount)
        let out = uninitialized(x.shape.dropLast(2) + [columns, rows])
        forEach(x.count / max(1, rows * columns)) { index in
            let start = index * rows * columns
            kernel_transpose(out.pointer + start, x.pointer + start, rows, columns)
        }
        return out
    }
}
