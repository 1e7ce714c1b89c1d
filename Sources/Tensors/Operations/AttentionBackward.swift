import CKernels

/// The backward pass of attention. A task takes a part of the blocks of the queries that share a head of
/// keys and values.
///
/// Where the blocks are cut into several parts, each has sums of its own for dK and dV, which are added in
/// the order of the parts.
struct AttentionBackward<Element: ComputeElement>: @unchecked Sendable {
    let layout: AttentionLayout
    let qkv: Tensor<Element>
    let y: Tensor<Element>
    let logSums: Tensor<Float>
    let dy: Tensor<Element>
    let dqkv: Tensor<Element>
    let device: Device
    private let parts: [[AttentionBlock]]
    /// dK and dV of each part and group; a single part has them in the memory of its task.
    private let partSums: Tensor<Float>?

    init(
        _ layout: AttentionLayout, qkv: Tensor<Element>, y: Tensor<Element>,
        logSums: Tensor<Float>, dy: Tensor<Element>, dqkv: Tensor<Element>, on device: Device
    ) {
        self.layout = layout
        (self.qkv, self.y, self.logSums, self.dy, self.dqkv) = (qkv, y, logSums, dy, dqkv)
        self.device = device
        parts = layout.parts(heads: layout.groupSize, groups: layout.groupTotal)
        let shape = [parts.count * layout.groupTotal * 2, layout.length, layout.headSize]
        partSums = parts.count > 1 ? device.uninitialized(shape) : nil
    }

    func run<Factor: ComputeElement>(by factor: Factor.Type) {
        let groups = layout.groupTotal
        device.forEach(parts.count * groups, as: .attention) { task in
            let (part, group) = task.quotientAndRemainder(dividingBy: groups)
            run(part, ofGroup: group, by: factor)
        }
        guard parts.count > 1 else { return }
        let grain = AttentionLayout.blockRows
        device.forEach(groups * layout.blockCount, as: .attention) { task in
            let (block, group) = task.quotientAndRemainder(dividingBy: groups)
            let rows = block * grain..<min((block + 1) * grain, layout.length)
            addParts(.keys, ofGroup: group, rows)
            addParts(.values, ofGroup: group, rows)
        }
    }

    private func run<Factor: ComputeElement>(
        _ part: Int, ofGroup group: Int, by factor: Factor.Type
    ) {
        let blocks = parts[part]
        // The first part's sums are those of the result: what it does not see counts as well.
        let past = part == 0 ? 0..<layout.length : blocks.seen
        let memory = TaskMemory<Factor>(layout, on: device)
        let sums = GroupSums(
            keys: sums(.keys, of: part, ofGroup: group, memory.sums),
            values: sums(.values, of: part, ofGroup: group, memory.sums))
        let first = layout.heads(ofGroup: group).lowerBound
        let keys = seenRows(of: 1, first, blocks, by: factor)
        let values = seenRows(of: 2, first, blocks, by: factor)
        // The first block writes what it sees, the others add to it.
        sums.clear(past.lowerBound..<blocks[0].seen.lowerBound)
        sums.clear(blocks[0].seen.upperBound..<past.upperBound)
        for head in blocks[0].head...blocks[blocks.count - 1].head {
            let own = blocks.filter { $0.head == head }
            let query = first + head
            let pass = HeadBackward(
                layout: layout, head: query, memory: memory,
                queries: rows(of: layout.part(0, qkv, query, rows: own.rows), own), keys: keys,
                values: values, dOut: rows(of: layout.output(dy, query, rows: own.rows), own),
                sums: sums, device: device)
            for block in own {
                let adds = head > blocks[0].head || block.rows != blocks[0].rows
                pass.add(block.rows, of: self, adds: adds)
            }
        }
        guard parts.count == 1 else { return }
        narrow(.keys, ofGroup: group, sums.keys, past)
        narrow(.values, ofGroup: group, sums.values, past)
    }

    /// The keys (1) or values (2) that some blocks of a head see.
    private func seenRows<Factor: ComputeElement>(
        of part: Int, _ head: Int, _ blocks: [AttentionBlock], by factor: Factor.Type
    ) -> HeadRows<Factor> {
        HeadRows(
            layout.part(part, qkv, head, rows: blocks.seen), from: blocks.seen.lowerBound,
            on: device)
    }

    private func rows<Factor: ComputeElement>(
        of matrix: Matrix<Element>, _ blocks: [AttentionBlock]
    ) -> HeadRows<Factor> {
        HeadRows(matrix, from: blocks.rows.lowerBound, on: device)
    }
}

extension AttentionBackward {
    /// The gradients that several blocks add to, as parts of [B, T, (H + 2K) D].
    private enum Sum: Int {
        case keys = 1
        case values = 2
    }

    private func result(_ sum: Sum, ofGroup group: Int, _ rows: Range<Int>) -> Matrix<Element> {
        let head = layout.heads(ofGroup: group).lowerBound
        return layout.part(sum.rawValue, dqkv, head, rows: rows)
    }

    /// Where a part's sums come together: those of the first one in the result, where it holds floats.
    ///
    /// - Parameter scratch: room for those of a single part.
    private func sums(
        _ sum: Sum, of part: Int, ofGroup group: Int, _ scratch: Tensor<Float>? = nil
    ) -> Matrix<Float> {
        let index = sum.rawValue - 1
        let place =
            partSums.map { $0.slot(2 * (part * layout.groupTotal + group) + index) }
            ?? scratch?.slot(index)
        guard let place else { preconditionFailure("expected room for a single part") }
        guard part == 0 else { return place.matrix }
        return Element.sums(result(sum, ofGroup: group, 0..<layout.length), scratch: place)
    }

    private func addParts(_ sum: Sum, ofGroup group: Int, _ rows: Range<Int>) {
        let total = sums(sum, of: 0, ofGroup: group)
        for part in 1..<parts.count {
            let own = sums(sum, of: part, ofGroup: group)
            for row in rows.clamped(to: parts[part].seen) {
                let target = total.rows(from: row)
                kernel_add(target, target, own.rows(from: row), layout.headSize)
            }
        }
        narrow(sum, ofGroup: group, total, rows)
    }

    private func narrow(
        _ sum: Sum, ofGroup group: Int, _ total: Matrix<Float>, _ rows: Range<Int>
    ) {
        Element.narrow(
            total.part(rows, 0..<layout.headSize), into: result(sum, ofGroup: group, rows))
    }
}

extension Tensor {
    fileprivate func slot(_ index: Int) -> Tensor { slice(index..<index + 1) }
}

/// Gradients of a head of keys and values, which many rows of queries add to: in floats.
private struct GroupSums {
    let keys: Matrix<Float>
    let values: Matrix<Float>

    func keys(of rows: Range<Int>) -> Matrix<Float> { keys.part(rows, 0..<keys.columns) }

    func values(of rows: Range<Int>) -> Matrix<Float> { values.part(rows, 0..<values.columns) }

    func clear(_ rows: Range<Int>) {
        for row in rows {
            kernel_fill(keys.rows(from: row), 0, keys.columns)
            kernel_fill(values.rows(from: row), 0, values.columns)
        }
    }
}

/// What a task of the backward pass needs beside its operands.
private struct TaskMemory<Factor: ComputeElement> {
    let scores: Tensor<Float>
    let narrow: Tensor<Factor>
    let dots: Tensor<Float>
    let out: Tensor<Float>
    let sums: Tensor<Float>
    private let hasSlopes: Bool

    /// How bounded scores change with the scores.
    var slopes: UnsafeMutablePointer<Float>? {
        hasSlopes ? scores.slice(2..<3).pointer : nil
    }

    init(_ layout: AttentionLayout, on device: Device) {
        let rows = AttentionLayout.blockRows
        hasSlopes = layout.options.softCap != nil
        scores = device.uninitialized([hasSlopes ? 3 : 2, rows, layout.scratchStride])
        narrow = Factor.narrowScratch(for: scores, on: device)
        dots = device.uninitialized([rows])
        out = device.uninitialized([rows, layout.headSize])
        sums = device.uninitialized([2, layout.length, layout.headSize])
    }
}

/// The backward pass of one head of queries.
private struct HeadBackward<Factor: ComputeElement> {
    let layout: AttentionLayout
    let head: Int
    let memory: TaskMemory<Factor>
    let queries: HeadRows<Factor>
    let keys: HeadRows<Factor>
    let values: HeadRows<Factor>
    let dOut: HeadRows<Factor>
    let sums: GroupSums
    let device: Device

    func add<Element: ComputeElement>(
        _ rows: Range<Int>, of pass: AttentionBackward<Element>, adds: Bool
    ) {
        let scores = layout.scores(memory.scores, rows: rows)
        let (p, seen) = (scores.matrix, scores.seen)
        let d = layout.scores(memory.scores.slice(1..<2), rows: rows).matrix
        let (queries, keys, dOut) = (queries.rows(rows), keys.rows(seen), dOut.rows(rows))
        device.multiplySerially(queries, keys.transposed, into: p)
        scores.remakeProbabilities(
            pass.logSums.pointer + head * layout.length + rows.lowerBound, slopes: memory.slopes)
        if layout.hasDropout {
            kernel_fill(d.pointer, 0, rows.count * d.stride)
            layout.dropOut(p, into: d, head: head, rows: rows)
        }
        let dropped = Factor.narrowed(
            layout.hasDropout ? d : p, into: memory.narrow.slice(0..<1))
        device.multiplySerially(
            dropped.transposed, dOut, into: sums.values(of: seen), adds: adds)

        device.multiplySerially(dOut, values.rows(seen).transposed, into: d)
        if layout.hasDropout { layout.dropOut(d, into: d, head: head, rows: rows) }
        fillDots(rows, of: pass)
        scores.makeScoreGradients(d, dots: memory.dots.pointer, slopes: memory.slopes)
        let dScores = Factor.narrowed(d, into: memory.narrow.slice(1..<2))
        device.multiplySerially(
            dScores, keys, into: layout.part(0, pass.dqkv, head, rows: rows), scratch: memory.out)
        device.multiplySerially(
            dScores.transposed, queries, into: sums.keys(of: seen), adds: adds)
    }

    /// dY·Y of each row.
    private func fillDots<Element: ComputeElement>(
        _ rows: Range<Int>, of pass: AttentionBackward<Element>
    ) {
        let dOut = layout.output(pass.dy, head, rows: rows)
        Element.rowDots(
            memory.dots.pointer, dOut.pointer, layout.output(pass.y, head, rows: rows).pointer,
            rows: rows.count, columns: layout.headSize, stride: layout.width)
    }
}
