import CKernels

extension Tape {
    /// y + s x aᵀ bᵀ, written over y: x [..., in], a [r, in], b [out, r], y [..., out]. Nothing else
    /// may read y.
    ///
    /// With z = s x aᵀ and dz = s dy b:  db = dyᵀ z,  da = dzᵀ x,  dx = dz a.
    ///
    /// - Parameter columns: those of y that are meant, where y holds more side by side.
    @_specialize(where In == Float, Out == Float)
    @_specialize(where In == BFloat16, Out == Float)
    @_specialize(where In == BFloat16, Out == BFloat16)
    package func addLowRank<In, Out>(
        _ x: Value<In>, a: Variable, b: Variable, scale: Float, to y: Value<Out>,
        columns: Range<Int>? = nil
    ) -> Value<Out> {
        let (rank, width) = (a.shape[0], b.shape[0])
        let (rows, columns) = (0..<y.value.rowCount, columns ?? 0..<y.value.columnCount)
        precondition(
            a.shape == [rank, x.value.columnCount] && b.shape == [width, rank]
                && columns.count == width && columns.upperBound <= y.value.columnCount,
            "expected a [r, in] and b [out, r], got \(a.shape) and \(b.shape)")
        let (aw, bw) = (In.operand(a, on: device), In.operand(b, on: device))
        let z: Tensor<In> = device.scaledProduct(x.value.matrix, aw.matrix.transposed, by: scale)
        device.multiply(
            z.matrix, bw.matrix.transposed, into: y.value.matrix.part(rows, columns), adds: true)
        return record(y.value, inputs: [y.node, x.node, a.node, b.node]) {
            [device, input = x.saved, x = x.node, y = y.node, a = a.node, b = b.node] dy in
            y?.contribute(dy)
            let whole = dy as? Tensor<In> ?? In.narrowed(Out.widened(dy, on: device), on: device)
            let dOut = whole.matrix.part(rows, columns)
            b?.contribute { db, adds in
                device.multiply(dOut.transposed, z.matrix, into: db.matrix, adds: adds)
            }
            let dz: Tensor<In> = device.scaledProduct(dOut, bw.matrix, by: scale)
            a?.contribute { da, adds in
                let x = input()
                device.multiply(dz.matrix.transposed, x.matrix, into: da.matrix, adds: adds)
            }
            x?.contribute { dx, adds in
                device.multiply(dz.matrix, aw.matrix, into: dx.matrix, adds: adds)
            }
            // Its rows are read through a pointer.
            withExtendedLifetime(whole) {}
        }
    }

    /// u [..., out] with column j times m[j] / n[j], plus bias: the norms n [out] count as constant.
    ///
    /// du = dy m / n,  dm = column sums of dy u / n,  db = column sums of dy.
    package func rescale(
        _ u: Variable, by magnitude: Variable, norms: Tensor<Float>
    ) -> Variable {
        let factors = device.uninitialized(norms.shape)
        for column in 0..<norms.count {
            factors.pointer[column] = magnitude.value.pointer[column] / norms.pointer[column]
        }
        let y = device.multiplyColumns(u.value, by: factors)
        return record(y, inputs: [u.node, magnitude.node]) {
            [device, input = u.value, u = u.node, m = magnitude.node] dy in
            m?.contribute { dm, adds in
                let product = device.uninitialized(dy.shape)
                device.multiplyElements(dy, input, into: product, adds: false)
                let sums = device.uninitialized(dm.shape)
                device.columnSums(product, into: sums, adds: false)
                for column in 0..<sums.count {
                    let part = sums.pointer[column] / norms.pointer[column]
                    dm.pointer[column] = adds ? dm.pointer[column] + part : part
                }
            }
            u?.contribute(device.multiplyColumns(dy, by: factors))
        }
    }
}

extension Device {
    /// s a b, the product in floats before it is rounded.
    fileprivate func scaledProduct<Element: ComputeElement>(
        _ a: Matrix<Element>, _ b: Matrix<Element>, by factor: Float
    ) -> Tensor<Element> {
        let product = uninitialized([a.rows, b.columns])
        multiply(a, b, into: product.matrix)
        if factor != 1 { scale(product, by: factor, into: product) }
        return Element.narrowed(product, on: self)
    }

    /// The squares of the lengths of the columns of W + s B A, as the product sees W [in, out],
    /// without ever making that sum: |w|² + 2 s b (A w) + s² b A Aᵀ bᵀ for each output.
    package func adaptedColumnSquares(
        of w: Matrix<Float>, a: Tensor<Float>, b: Tensor<Float>, scale: Float
    ) -> [Double] {
        let (rank, width) = (a.shape[0], w.columns)
        let (crossed, gram) = (uninitialized([rank, width]), uninitialized([rank, rank]))
        multiply(a.matrix, w, into: crossed.matrix)
        multiply(a.matrix, a.matrix.transposed, into: gram.matrix)
        let own = columnSquares(of: w)
        let s = Double(scale)
        return (0..<width).map { column in
            let row = b.pointer + column * rank
            var (linear, square) = (0.0, 0.0)
            for i in 0..<rank {
                linear += Double(row[i]) * Double(crossed.pointer[i * width + column])
                for j in 0..<rank {
                    square += Double(row[i]) * Double(gram.pointer[i * rank + j]) * Double(row[j])
                }
            }
            return own[column] + 2 * s * linear + s * s * square
        }
    }
}

extension Device {
    /// Every row of x times `factors` [columns], element by element.
    fileprivate func multiplyColumns(
        _ x: Tensor<Float>, by factors: Tensor<Float>
    ) -> Tensor<Float> {
        let out = uninitialized(x.shape)
        let columns = x.columnCount
        forEachRowChunk(rows: x.rowCount, columns: columns) { rows in
            for row in rows {
                let start = row * columns
                kernel_multiply(
                    out.pointer + start, x.pointer + start, factors.pointer, columns)
            }
        }
        return out
    }

    /// The sum of the squares of each column, as a product sees the matrix.
    fileprivate func columnSquares(of w: Matrix<Float>) -> [Double] {
        if w.isTransposed {
            return (0..<w.columns).map { kernel_sum_of_squares(w.columns(from: $0), w.rows) }
        }
        let squares = uninitialized([w.rows, w.columns])
        forEachRowChunk(rows: w.rows, columns: w.columns) { rows in
            for row in rows {
                let from = w.rows(from: row)
                kernel_multiply(squares.pointer + row * w.columns, from, from, w.columns)
            }
        }
        let sums = uninitialized([w.columns])
        columnSums(squares, into: sums, adds: false)
        return sums.array.map(Double.init)
    }
}
