import Files

/// The marks of the documents of a piece, as the first stage wrote them.
package struct MarkFile {
    private let reader: FileReader
    private let width: Int
    /// The number of documents.
    package let count: Int

    package init(_ files: WorkFiles, _ piece: Int, width: Int) throws {
        reader = try FileReader(path: files.path(.marks, piece))
        self.width = width
        count = reader.size / (8 * width)
    }

    /// The numbers of a document: the place of its record, the length and hash of its text, its bands.
    package func numbers(of index: Int) throws -> [UInt64] {
        try numbers(from: index, count: 1)
    }

    /// The numbers of neighbouring documents, one after the other.
    package func numbers(from index: Int, count: Int) throws -> [UInt64] {
        var numbers = [UInt64](repeating: 0, count: width * count)
        try numbers.withUnsafeMutableBytes { try reader.read(into: $0, at: index * width * 8) }
        return numbers.map { UInt64(littleEndian: $0) }
    }

    /// The place at which a record begins.
    package func offset(of index: Int) throws -> Int { Int(try numbers(of: index)[0]) }
}

/// The marks of the documents of some pieces, in order.
package struct MarkStream {
    package let files: WorkFiles
    package let pieces: [Int]
    package let width: Int
    private var next = 0
    private var file: MarkFile?
    private var index = 0
    private var block: [UInt64] = []
    private var blockStart = 0

    private static let blockCount = 4096

    package init(_ files: WorkFiles, _ pieces: [Int], width: Int) {
        (self.files, self.pieces, self.width) = (files, pieces, width)
    }

    package mutating func pop() throws -> (number: DocumentNumber, marks: ArraySlice<UInt64>)? {
        while file.map({ index >= $0.count }) ?? true {
            guard next < pieces.count else { return nil }
            file = try MarkFile(files, pieces[next], width: width)
            next += 1
            (index, block) = (0, [])
        }
        guard let file else { return nil }
        if block.isEmpty || index >= blockStart + block.count / width {
            blockStart = index
            block = try file.numbers(from: index, count: min(Self.blockCount, file.count - index))
        }
        defer { index += 1 }
        let start = (index - blockStart) * width
        let number = DocumentNumber(piece: pieces[next - 1], index: index)
        return (number, block[start..<start + width])
    }
}
