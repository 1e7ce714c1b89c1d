import Diagnostics

/// The lines of a text file of any size, of which a block and a line are in memory at a time.
package struct FileLines {
    private let reader: FileReader
    /// The bytes that are read at a time.
    private let blockSize: Int

    private static let lineFeed = UInt8(ascii: "\n")

    /// - Parameter what: describes what failed when it cannot be opened.
    package init(
        of path: String, what: String = "cannot open the file", blockSize: Int = 1 << 20
    ) throws(Failure) {
        precondition(blockSize > 0, "a block of at least one byte, got \(blockSize)")
        reader = try FileReader(path: path, what: what)
        self.blockSize = blockSize
    }

    /// Calls `body` with each line that is not empty, from the first to the last, without its line
    /// feed.
    ///
    /// - Parameter body: returns false to see no more of them.
    package func forEachLine(_ body: (_ line: ArraySlice<UInt8>) throws -> Bool) throws {
        var torn: [UInt8] = []
        for offset in stride(from: 0, to: reader.size, by: blockSize) {
            let block = try reader.bytes(
                at: offset, count: min(blockSize, reader.size - offset))
            var start = 0
            while let end = block[start...].firstIndex(of: Self.lineFeed) {
                let line = torn.isEmpty ? block[start..<end] : (torn + block[start..<end])[...]
                if !line.isEmpty, try !body(line) { return }
                torn.removeAll(keepingCapacity: true)
                start = end + 1
            }
            torn += block[start...]
        }
        if !torn.isEmpty { _ = try body(torn[...]) }
    }

    /// The last line that is not empty, found from the end of the file; nil where there is none.
    package func last() throws -> [UInt8]? {
        var (line, end): ([UInt8], Int) = ([], reader.size)
        while end > 0 {
            let start = max(0, end - blockSize)
            var block = try reader.bytes(at: start, count: end - start)
            if line.isEmpty {
                block.removeLast(block.reversed().prefix { $0 == Self.lineFeed }.count)
            }
            if let feed = block.lastIndex(of: Self.lineFeed) {
                return Array(block[(feed + 1)...]) + line
            }
            line = block + line
            end = start
        }
        return line.isEmpty ? nil : line
    }

    /// Whether the file is empty or ends with a line feed.
    package var endsWithLineFeed: Bool {
        get throws(Failure) {
            guard reader.size > 0 else { return true }
            return try reader.bytes(at: reader.size - 1, count: 1) == [Self.lineFeed]
        }
    }
}
