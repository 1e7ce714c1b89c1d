import Diagnostics

extension TokenShard {
    /// Reads all of the shard: every chunk against its Fletcher32 checksum, every id against the
    /// vocabulary, and the order of the document offsets.
    ///
    /// - Throws: a `Failure` that names the first place that is damaged.
    package func verify() throws {
        // A few chunks at a time, so that a failure names the place within some thousand tokens.
        let pieceSize = 8 * HDF5Dataset.chunkCount
        let buffer = UnsafeMutableBufferPointer<Int32>.allocate(
            capacity: min(pieceSize, tokenCount))
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: tokenCount, by: pieceSize) {
            let range = start..<min(start + pieceSize, tokenCount)
            try read(range, into: .init(rebasing: buffer[..<range.count]))
        }
        try verifyOffsets(pieceSize: pieceSize)
    }

    private func verifyOffsets(pieceSize: Int) throws {
        var last = UInt64(0)
        for start in stride(from: 0, to: documentOffsets.count, by: pieceSize) {
            let end = min(start + pieceSize, documentOffsets.count)
            for (index, offset) in try documentOffsets.readUInt64(start..<end).enumerated() {
                guard offset >= last, offset <= UInt64(tokenCount) else {
                    throw offsetFailure(
                        "\(last) to \(tokenCount) at entry \(start + index)", got: "\(offset)")
                }
                last = offset
            }
        }
    }
}
