import Diagnostics
import Files
import JSON

/// The sets of shingles of documents, read from what the first stage kept.
package final class ShingleCache {
    private let files: WorkFiles
    private let width: Int
    private let shingles: Shingles
    private let capacity: Int
    private var sets: [DocumentNumber: [UInt64]] = [:]
    private var order: [DocumentNumber] = []
    private var oldest = 0
    private var size = 0
    private var pieces: [Int: (marks: MarkFile, records: FileReader)] = [:]

    /// The most files that are open at a time.
    private static let openCount = 256

    /// - Parameter memory: Bytes that the sets may take.
    package init(_ files: WorkFiles, _ near: NearOptions, memory: Int) {
        self.files = files
        width = DocumentMarker.width(near)
        shingles = Shingles(near.ngram)
        capacity = memory
    }

    package func set(of number: DocumentNumber) throws -> [UInt64] {
        if let set = sets[number] { return set }
        let set = shingles.set(of: try text(of: number))
        makeRoom(for: set.count * 8)
        sets[number] = set
        order.append(number)
        return set
    }

    private func makeRoom(for added: Int) {
        size += added
        while size > capacity, oldest < order.count {
            size -= (sets.removeValue(forKey: order[oldest])?.count ?? 0) * 8
            oldest += 1
        }
        if oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    private func text(of number: DocumentNumber) throws -> [UInt8] {
        let (marks, records) = try piece(number.piece)
        let start = try marks.offset(of: number.index)
        let isLast = number.index + 1 == marks.count
        let end = isLast ? records.size : try marks.offset(of: number.index + 1)
        let line = try records.bytes(at: start, count: end - start)
        let value = try JSONValue(parsing: line, at: records.path)
        return value[RecordText.textField]?.bytes ?? []
    }

    private func piece(_ piece: Int) throws -> (marks: MarkFile, records: FileReader) {
        if let found = pieces[piece] { return found }
        if pieces.count >= Self.openCount { pieces = [:] }
        let opened = (
            try MarkFile(files, piece, width: width),
            try FileReader(path: files.path(.clean, piece))
        )
        pieces[piece] = opened
        return opened
    }
}
