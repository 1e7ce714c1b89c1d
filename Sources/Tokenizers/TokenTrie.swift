/// The tokens of a vocabulary by their bytes, to find all that begin at a place of a text.
struct TokenTrie: Sendable {
    /// The children of each node: where they begin in `labels`, and the token that ends there or -1.
    private var starts: [Int32] = []
    private var ids: [Int32] = []
    /// The bytes to the children, ascending for each node, and the children.
    private var labels: [UInt8] = []
    private var children: [Int32] = []
    /// The children of the root by their bytes, -1 where there is none.
    private var roots = [Int32](repeating: -1, count: 256)

    init(_ tokens: [[UInt8]: Int32]) {
        let sorted = tokens.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        // Nodes by their depth, so that the children of one lie one behind the other.
        var waiting: [(range: Range<Int>, depth: Int)] = [(0..<sorted.count, 0)]
        var next = 0
        while next < waiting.count {
            var (range, depth) = waiting[next]
            next += 1
            starts.append(Int32(labels.count))
            ids.append(-1)
            if let first = range.first, sorted[first].key.count == depth {
                ids[ids.count - 1] = sorted[first].value
                range = range.dropFirst()
            }
            while let first = range.first {
                let byte = sorted[first].key[depth]
                let end =
                    range.first { sorted[$0].key[depth] != byte } ?? range.upperBound
                labels.append(byte)
                children.append(Int32(waiting.count))
                waiting.append((first..<end, depth + 1))
                range = end..<range.upperBound
            }
        }
        starts.append(Int32(labels.count))
        for index in 0..<Int(starts[1]) { roots[Int(labels[index])] = children[index] }
    }

    /// Calls `body` with the end and the id of each token at an offset, the shortest first.
    @inline(__always)
    func forEachPrefix(
        of text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (Int, Int32) -> Void
    ) {
        var node = roots[Int(text[start])]
        var offset = start + 1
        while node >= 0 {
            let id = ids[Int(node)]
            if id >= 0 { body(offset, id) }
            guard offset < text.count else { return }
            node = child(of: Int(node), text[offset])
            offset += 1
        }
    }

    @inline(__always)
    private func child(of node: Int, _ byte: UInt8) -> Int32 {
        var (low, high) = (Int(starts[node]), Int(starts[node + 1]))
        while low < high {
            let middle = (low + high) / 2
            if labels[middle] < byte { low = middle + 1 } else { high = middle }
        }
        guard low < Int(starts[node + 1]), labels[low] == byte else { return -1 }
        return children[low]
    }
}
