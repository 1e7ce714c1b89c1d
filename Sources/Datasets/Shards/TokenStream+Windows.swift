extension TokenStream {
    /// Offsets that are read at a time.
    private static let pieceSize = 1 << 16

    /// The first tokens of windows of `size` tokens, one behind the other from the beginning of each
    /// document on; none crosses into another document.
    package func windowStarts(ofSize size: Int) throws -> [Int] {
        precondition(size > 0, "expected a window of at least one token, got \(size)")
        var (starts, shardStart) = ([Int](), 0)
        for (index, facts) in shardFacts.enumerated() {
            let offsets = try openShard(index).documentOffsets
            var last = 0
            for first in stride(from: 0, to: offsets.count, by: Self.pieceSize) {
                let end = min(first + Self.pieceSize, offsets.count)
                for offset in try offsets.readUInt64(first..<end) {
                    let next = Int(offset)
                    let windowCount = (next - last) / size
                    starts += (0..<max(0, windowCount)).map { shardStart + last + $0 * size }
                    last = next
                }
            }
            shardStart += facts.tokenCount
        }
        return starts
    }
}
