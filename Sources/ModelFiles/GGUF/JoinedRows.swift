/// The two orders of the rows of a layer that makes queries, keys and values of as many heads: those of each
/// head together, or all queries, then all keys, then all values.
struct JoinedRows {
    let headCount: Int
    let headSize: Int
    let width: Int

    /// Moves values from heads that lie together to queries, keys and values that do.
    func joinByKind(_ values: UnsafeMutableBufferPointer<Float>) {
        move(values) { head, kind in (kind * headCount + head, 3 * head + kind) }
    }

    /// Moves values from queries, keys and values that lie together to heads that do.
    func joinByHead(_ values: UnsafeMutableBufferPointer<Float>) {
        move(values) { head, kind in (3 * head + kind, kind * headCount + head) }
    }

    private func move(
        _ values: UnsafeMutableBufferPointer<Float>,
        _ parts: (_ head: Int, _ kind: Int) -> (to: Int, from: Int)
    ) {
        let size = headSize * width
        precondition(values.count == 3 * headCount * size, "\(values.count) values of \(self)")
        let old = Array(values)
        for head in 0..<headCount {
            for kind in 0..<3 {
                let (to, from) = parts(head, kind)
                for index in 0..<size { values[to * size + index] = old[from * size + index] }
            }
        }
    }
}
