import Diagnostics
import Files
import Glibc

/// Sorts triples of any number: what the memory does not hold is sorted in runs on disk, which are merged
/// when it is read.
package final class TripleSorter {
    private let directory: String
    private let name: String
    private let capacity: Int
    private var open: [Triple] = []
    private var runs: [String] = []
    private var heap: [(triple: Triple, source: Int)] = []
    private var sources: [TripleRun] = []
    private var next = 0
    /// The bytes that went to disk.
    package private(set) var spilledSize = 0

    /// - Parameters:
    ///   - memory: Bytes.
    ///   - name: The beginning of the names of runs; a number that no other sorter has follows.
    package init(directory: String, name: String, memory: Int) {
        self.directory = directory
        self.name = "\(name)-\(UInt64.random(in: 0 ... .max))"
        // Sorting moves within the array; the copies that growing makes are half as large.
        capacity = max(1024, memory / (2 * MemoryLayout<Triple>.size))
    }

    deinit { for run in runs { unlink(run) } }

    package func append(_ triples: UnsafeBufferPointer<Triple>) throws {
        var rest = triples[...]
        while !rest.isEmpty {
            let part = rest.prefix(capacity - open.count)
            open.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if open.count == capacity { try spill() }
        }
    }

    private func spill() throws {
        open.sort()
        let size = open.count * MemoryLayout<Triple>.size
        let path = "\(directory)/\(name)-\(runs.count)"
        try DiskRoom.require(size, at: directory)
        let writer = try FileWriter(path: path)
        runs.append(path)
        try open.withUnsafeBytes { try writer.write($0) }
        try writer.finish()
        spilledSize += size
        open.removeAll(keepingCapacity: true)
    }

    /// Ends the appending: from here on `pop` gives the triples in their order.
    package func sort() throws {
        open.sort()
        let part = max(1 << 12, capacity / max(1, runs.count) / 2)
        sources = try runs.map { try TripleRun(path: $0, partCount: part) }
        heap = []
        for index in sources.indices {
            if let triple = try sources[index].pop() { push((triple, index)) }
        }
        if let first = takeOpen() { push((first, -1)) }
    }

    package func pop() throws -> Triple? {
        guard let (triple, source) = heap.first else { return nil }
        if let following = source < 0 ? takeOpen() : try sources[source].pop() {
            heap[0] = (following, source)
            sink()
        } else {
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                sink()
            }
        }
        return triple
    }

    private func takeOpen() -> Triple? {
        guard next < open.count else { return nil }
        defer { next += 1 }
        return open[next]
    }

    private func push(_ entry: (triple: Triple, source: Int)) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[index].triple < heap[(index - 1) / 2].triple {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].triple < heap[least].triple {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}

/// A sorted run on disk, read in parts.
private struct TripleRun {
    private let reader: FileReader
    private let partCount: Int
    private var part: [Triple] = []
    private var next = 0
    private var offset = 0

    init(path: String, partCount: Int) throws {
        reader = try FileReader(path: path)
        self.partCount = partCount
    }

    mutating func pop() throws -> Triple? {
        if next == part.count, try !fill() { return nil }
        defer { next += 1 }
        return part[next]
    }

    private mutating func fill() throws -> Bool {
        let size = MemoryLayout<Triple>.size
        let count = min(partCount, (reader.size - offset) / size)
        guard count > 0 else { return false }
        part = Array(repeating: Triple(0), count: count)
        try part.withUnsafeMutableBytes { try reader.read(into: $0, at: offset) }
        offset += count * size
        next = 0
        return true
    }
}

/// The free space of a file system.
package enum DiskRoom {
    /// Throws where so many bytes, and some more, do not fit.
    package static func require(_ size: Int, at directory: String) throws(Failure) {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return }
        let free = Int(clamping: status.f_bavail) &* Int(clamping: status.f_frsize)
        guard free < size + size / 8 else { return }
        throw Failure(
            "no space to sort on disk", expected: Quantity.bytes(size + size / 8),
            got: "\(Quantity.bytes(free)) free", at: directory,
            remedy: "free space, choose another output, or raise memory_megabytes")
    }
}
