import CHDF5
import Diagnostics

/// A one-dimensional dataset of unsigned integers in an open file, chunked and under Fletcher32.
final class HDF5Dataset {
    let file: HDF5File
    let name: String
    private var layout = CHDF5Layout()
    private var handle: OpaquePointer?

    /// 16 KiB of tokens: one window costs few chunks, and the chunk index stays small.
    static let chunkCount = 8192
    /// A chunk is read as a whole: larger ones are refused before anything is allocated.
    static let maximumChunkSize = 1 << 26

    /// Opens a dataset and checks its rank, type and storage against the contract.
    ///
    /// - Parameter fileSize: the bytes of the file, which bound the elements it can hold, because
    ///   nothing in it is compressed.
    init(reading name: String, elementSizes: [Int], in file: HDF5File, fileSize: Int) throws {
        self.file = file
        self.name = name
        try checkHDF5(
            chdf5_open_dataset(file.handle, name, &handle), "cannot open a dataset", at: file.path)
        try checkHDF5(chdf5_layout(handle, &layout), "cannot open a dataset", at: place)
        try checkLayout(elementSizes: elementSizes, fileSize: fileSize)
    }

    /// Creates an empty dataset that `append` lets grow.
    init(creating name: String, elementSize: Int, in file: HDF5File) throws {
        self.file = file
        self.name = name
        try checkHDF5(
            chdf5_create_dataset(
                file.handle, name, Int32(elementSize), UInt64(Self.chunkCount), &handle),
            "cannot create a dataset", at: file.path)
        try checkHDF5(chdf5_layout(handle, &layout), "cannot create a dataset", at: place)
    }

    deinit {
        // The file is held until here, so the dataset always goes first.
        if let handle { _ = chdf5_close_dataset(handle) }
    }

    func close() throws {
        guard let handle else { return }
        self.handle = nil
        try checkHDF5(chdf5_close_dataset(handle), "cannot finish a dataset", at: place)
    }

    var count: Int { Int(layout.count) }
    var elementSize: Int { Int(layout.element_size) }

    func append<Element: FixedWidthInteger>(_ elements: [Element]) throws {
        precondition(MemoryLayout<Element>.size == elementSize, "elements of the dataset's type")
        guard !elements.isEmpty else { return }
        try checkHDF5(
            chdf5_append(handle, elements, UInt64(elements.count)), "cannot write a dataset",
            at: place)
        layout.count += UInt64(elements.count)
    }

    /// Reads elements of at most 32 bits; those past `Int32.max` come as `Int32.max`.
    func read(_ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Int32>) throws {
        checkBounds(range, bufferCount: buffer.count)
        guard !range.isEmpty else { return }
        try checkHDF5(
            chdf5_read_int32(
                handle, UInt64(range.lowerBound), UInt64(range.count), buffer.baseAddress),
            "cannot read a dataset", at: "elements \(range) of \(place)", remedy: Self.remedy)
    }

    func readUInt64(_ range: Range<Int>) throws -> [UInt64] {
        var elements = [UInt64](repeating: 0, count: range.count)
        checkBounds(range, bufferCount: range.count)
        guard !range.isEmpty else { return [] }
        try checkHDF5(
            chdf5_read_uint64(handle, UInt64(range.lowerBound), UInt64(range.count), &elements),
            "cannot read a dataset", at: "elements \(range) of \(place)", remedy: Self.remedy)
        return elements
    }

    private static let remedy = "the file is damaged: copy or prepare it again"

    private var place: String { "/\(name) in \(file.path)" }

    private func checkBounds(_ range: Range<Int>, bufferCount: Int) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not in 0..<\(count)")
        precondition(bufferCount == range.count, "\(range) does not fit \(bufferCount) elements")
    }

    private func checkLayout(elementSizes: [Int], fileSize: Int) throws {
        func require(_ isMet: Bool, _ expected: String, _ got: String) throws {
            guard !isMet else { return }
            throw Failure(
                "the dataset is not that of a token shard", expected: expected, got: got, at: place)
        }
        try require(layout.rank == 1, "rank 1", "\(layout.rank)")
        try require(
            layout.is_unsigned_integer == 1 && elementSizes.contains(elementSize),
            "unsigned integers of \(elementSizes.map(String.init).joined(separator: " or ")) bytes",
            "another type of \(elementSize) bytes")
        try require(layout.chunk_count > 0, "chunks", "another layout")
        try require(
            layout.chunk_count <= UInt64(Self.maximumChunkSize / elementSize),
            "chunks of at most \(Self.maximumChunkSize) bytes",
            "chunks of \(layout.chunk_count) elements")
        try require(
            layout.is_checked_alone == 1, "Fletcher32 as its one filter", "other filters or none")
        try require(
            layout.count <= UInt64(fileSize / elementSize),
            "at most \(fileSize / elementSize) elements in a file of \(fileSize) bytes",
            "\(layout.count)")
    }
}
