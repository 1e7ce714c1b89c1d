import CKernels

/// Whole-tensor loops on all threads. Chunks have a fixed size: no result depends on the threads.
extension Device {
    /// Elements that one thread takes at a time: small enough for the first-level cache, large
    /// enough (about a microsecond of work) to be worth handing over.
    package static let grain = 8192

    /// Runs `body` once for each index below `count`, on all threads.
    package func forEach(
        _ count: Int, as kind: OperationKind = .elementwise, _ body: (Int) -> Void
    ) {
        operations.measure(kind) { threads.forEach(count, body) }
    }

    /// `forEach` over fixed chunks of `0..<count`, each of `grain` elements but the last.
    package func forEachChunk(
        of count: Int, grain: Int = Device.grain, as kind: OperationKind = .elementwise,
        _ body: (Range<Int>) -> Void
    ) {
        operations.measure(kind) { threads.forEachChunk(of: count, grain: grain, body) }
    }

    /// Cuts rows into chunks of about `grain` elements.
    package func forEachRowChunk(
        rows: Int, columns: Int, as kind: OperationKind = .elementwise,
        _ body: (Range<Int>) -> Void
    ) {
        let rowsInChunk = max(1, Self.grain / max(1, columns))
        forEachChunk(of: rows, grain: rowsInChunk, as: kind, body)
    }

    /// Cuts the rows of each sequence into chunks of about `grain` elements; `body` is given the number
    /// of the sequence and rows of it.
    package func forEachRowChunk(
        sequences: Int, rows: Int, columns: Int, as kind: OperationKind = .elementwise,
        _ body: (Int, Range<Int>) -> Void
    ) {
        let rowsInChunk = max(1, Self.grain / max(1, columns))
        let chunkCount = (rows + rowsInChunk - 1) / rowsInChunk
        forEach(sequences * chunkCount, as: kind) { index in
            let (sequence, chunk) = index.quotientAndRemainder(dividingBy: chunkCount)
            body(sequence, chunk * rowsInChunk..<min(rows, (chunk + 1) * rowsInChunk))
        }
    }

    package func fill<Element: ComputeElement>(_ tensor: Tensor<Element>, with value: Float) {
        forEachChunk(of: tensor.count) { chunk in
            Element.fill(tensor.pointer + chunk.lowerBound, value, chunk.count)
        }
    }

    package func copy<Element>(_ source: Tensor<Element>, to destination: Tensor<Element>) {
        precondition(
            source.count == destination.count,
            "expected \(destination.count) elements, got \(source.count)")
        forEachChunk(of: source.count) { chunk in
            (destination.pointer + chunk.lowerBound).update(
                from: source.pointer + chunk.lowerBound, count: chunk.count)
        }
    }

    /// out = a + b; `out` may be `a` or `b`.
    package func add<Element: ComputeElement>(
        _ a: Tensor<Element>, _ b: Tensor<Element>, into out: Tensor<Element>
    ) {
        precondition(
            a.count == b.count && a.count == out.count,
            "expected equal sizes, got \(a.shape), \(b.shape) and \(out.shape)")
        forEachChunk(of: out.count) { chunk in
            let start = chunk.lowerBound
            Element.add(out.pointer + start, a.pointer + start, b.pointer + start, chunk.count)
        }
    }

    /// out = x, each element rounded to the nearest one.
    package func narrow<Element: ComputeElement>(_ x: Tensor<Float>, into out: Tensor<Element>) {
        precondition(x.count == out.count, "expected \(out.count) elements, got \(x.count)")
        forEachChunk(of: out.count) { chunk in
            let start = chunk.lowerBound
            Element.narrow(out.pointer + start, x.pointer + start, chunk.count)
        }
    }
}
