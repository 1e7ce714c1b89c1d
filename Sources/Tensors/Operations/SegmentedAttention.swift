/// Stretches of sequences [B, T] that do not see each other: examples that share a sequence.
package struct SequenceSegments: Sendable {
    /// The stretches among the B T rows of all sequences, in their order and without gaps.
    package let rows: [Range<Int>]
    /// T.
    package let length: Int

    /// - Parameters:
    ///   - lengths: those of the stretches of each sequence; what is left of it is one more.
    ///   - length: T.
    package init(lengths: [[Int]], length: Int) {
        self.length = length
        rows = lengths.enumerated().flatMap { sequence, lengths in
            let rest = length - lengths.reduce(0, +)
            precondition(rest >= 0, "expected at most \(length) rows, got \(lengths)")
            var start = sequence * length
            return (lengths + [rest]).filter { $0 > 0 }.map { count in
                defer { start += count }
                return start..<start + count
            }
        }
    }

    /// The place of each row in its stretch.
    package var positions: [Int] { rows.flatMap { 0..<$0.count } }

    /// The most rows of a stretch.
    package var longest: Int { rows.map(\.count).max() ?? 0 }
}

extension Tape {
    /// Causal attention inside each stretch alone, as if it were a sequence of its own; see
    /// `causalAttention`.
    package func segmentedAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, _ segments: SequenceSegments
    ) -> Value<Element> {
        let whole = AttentionLayout(qkvShape: qkv.shape, options)
        precondition(
            segments.length == whole.length
                && segments.rows.last?.upperBound == whole.batchSize * whole.length,
            "expected stretches of \(qkv.shape), got \(segments.rows.count) of \(segments.length)")
        let y = kept([whole.batchSize, whole.length, whole.width], of: Element.self)
        let all = segments.rows.map { rows in
            AttentionSegment(
                rows, qkv.value, y, options, sequenceLength: segments.length, on: device)
        }
        let multipliesFloats = Element.self == BFloat16.self && device.products.widensBFloat16
        let tasks = all.flatMap { segment in segment.tasks.map { (segment, $0) } }
        device.forEach(tasks.count, as: .attention) { number in
            let (segment, task) = tasks[number]
            if multipliesFloats {
                segment.attend(task, by: Float.self, on: device)
            } else {
                segment.attend(task, by: Element.self, on: device)
            }
        }
        return record(y, inputs: [qkv.node]) { [device] dy in
            qkv.node?.contribute { dqkv, adds in
                precondition(!adds, "queries, keys and values are used once")
                for segment in all {
                    let pass = segment.backward(dy, dqkv, on: device)
                    if multipliesFloats {
                        pass.run(by: Float.self)
                    } else {
                        pass.run(by: Element.self)
                    }
                }
            }
        }
    }
}

/// One stretch, as a sequence of its own.
private struct AttentionSegment<Element: ComputeElement>: @unchecked Sendable {
    private let rows: Range<Int>
    private let layout: AttentionLayout
    private let qkv: Tensor<Element>
    private let y: Tensor<Element>
    private let logSums: Tensor<Float>
    private let parts: [[AttentionBlock]]

    init(
        _ rows: Range<Int>, _ qkv: Tensor<Element>, _ y: Tensor<Element>,
        _ options: AttentionOptions, sequenceLength: Int, on device: Device
    ) {
        self.rows = rows
        self.qkv = qkv.sequence(rows)
        self.y = y.sequence(rows)
        var layout = AttentionLayout(qkvShape: self.qkv.shape, options)
        (layout.firstSequence, layout.firstPosition) = rows.lowerBound.quotientAndRemainder(
            dividingBy: sequenceLength)
        self.layout = layout
        logSums = device.uninitialized([layout.headTotal, layout.length])
        parts = layout.parts(heads: 1, groups: layout.headTotal)
    }

    /// The parts of each head.
    var tasks: [(part: Int, head: Int)] {
        parts.indices.flatMap { part in (0..<layout.headTotal).map { (part, $0) } }
    }

    func attend<Factor: ComputeElement>(
        _ task: (part: Int, head: Int), by factor: Factor.Type, on device: Device
    ) {
        device.attend(layout, task.head, parts[task.part], qkv, by: factor, y, logSums)
    }

    func backward(
        _ dy: Tensor<Element>, _ dqkv: Tensor<Element>, on device: Device
    ) -> AttentionBackward<Element> {
        AttentionBackward(
            layout, qkv: qkv, y: y, logSums: logSums, dy: dy.sequence(rows),
            dqkv: dqkv.sequence(rows), on: device)
    }
}

extension Tensor {
    /// Some of the rows of [B, T, C] as one sequence; shares the storage.
    fileprivate func sequence(_ rows: Range<Int>) -> Tensor {
        reshaped([shape[0] * shape[1], shape[2]]).slice(rows).reshaped([1, rows.count, shape[2]])
    }
}
