import Diagnostics
import Files

/// What stands before the data of a GGUF file, checked: every tensor lies in the file.
package struct GGUFHeader: Sendable {
    package let metadata: GGUFMetadata
    /// In the order of the file.
    package let entries: [GGUFEntry]

    private static let versions: ClosedRange<UInt32> = 2...3
    private static let maximumDimensions = 4
    /// The bytes that the shortest description of a value or a tensor takes.
    private static let shortestField = 13
    private static let shortestEntry = 24

    /// Whether the file at a path begins as a GGUF file does.
    package static func begins(_ path: String) throws(Failure) -> Bool {
        guard try DirectoryEntries.isFile(path) else { return false }
        let reader = try FileReader(path: path)
        guard reader.size >= 4 else { return false }
        return try reader.bytes(at: 0, count: 4).elementsEqual("GGUF".utf8)
    }

    package init(path: String) throws(Failure) { try self.init(reading: FileReader(path: path)) }

    init(reading reader: FileReader) throws(Failure) {
        var input = GGUFInput(reader)
        try Self.checkStart(&input)
        let tensorCount = try input.count("tensors", ofSize: Self.shortestEntry)
        let fieldCount = try input.count("values of metadata", ofSize: Self.shortestField)
        var fields: [String: GGUFField] = [:]
        for _ in 0..<fieldCount {
            let key = try input.name("a key")
            guard fields.updateValue(try input.field(key), forKey: key) == nil else {
                throw input.failure("each key once", "\(key) again")
            }
        }
        metadata = GGUFMetadata(fields, at: reader.path)
        var described: [GGUFEntry.Description] = []
        for _ in 0..<tensorCount { described.append(try Self.description(&input)) }
        entries = try Self.placed(described, metadata, input, size: reader.size)
    }

    private static func checkStart(_ input: inout GGUFInput) throws(Failure) {
        let magic = try input.integer(UInt32.self, "\"GGUF\"")
        guard magic == 0x4655_4747 else {
            throw Failure(
                "this is no GGUF file", expected: "a file that begins with \"GGUF\"",
                got: "other bytes", at: input.path)
        }
        let version = try input.integer(UInt32.self, "the version")
        guard versions.contains(version) else {
            let isSwapped = versions.contains(version.byteSwapped)
            throw Failure(
                "the GGUF file is not read", expected: "version 2 or 3, little-endian",
                got: isSwapped ? "a big-endian file" : "version \(version)", at: input.path,
                remedy: "convert the model again with a newer llama.cpp")
        }
    }

    private static func description(
        _ input: inout GGUFInput
    ) throws(Failure) -> GGUFEntry.Description {
        let name = try input.name("the name of a tensor")
        let dimensions = Int(try input.integer(UInt32.self, "the dimensions of \(name)"))
        guard (1...maximumDimensions).contains(dimensions) else {
            throw input.failure("1 to \(maximumDimensions) dimensions of \(name)", "\(dimensions)")
        }
        var shape: [Int] = []
        for _ in 0..<dimensions {
            let size = try input.integer(UInt64.self, "a size of \(name)")
            guard size > 0, size < 1 << 40 else {
                throw input.failure("sizes of \(name) from 1 to 2^40", "\(size)")
            }
            shape.insert(Int(size), at: 0)
        }
        return GGUFEntry.Description(
            name: name, shape: shape, code: try input.integer(UInt32.self, "the type of \(name)"),
            offset: try input.integer(UInt64.self, "the place of \(name)"))
    }

    private static func placed(
        _ described: [GGUFEntry.Description], _ metadata: GGUFMetadata, _ input: GGUFInput,
        size: Int
    ) throws(Failure) -> [GGUFEntry] {
        let alignment = try metadata.integer("general.alignment") ?? 32
        guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
            throw input.failure("a power of two as general.alignment", "\(alignment)")
        }
        let start = (input.position + alignment - 1) / alignment * alignment
        var (entries, names) = ([GGUFEntry](), Set<String>())
        for tensor in described {
            guard names.insert(tensor.name).inserted else {
                throw input.failure("each tensor once", "\(tensor.name) again")
            }
            entries.append(
                try GGUFEntry(tensor, dataStart: start, fileSize: size, alignment, input))
        }
        return entries
    }
}

/// A tensor of a GGUF file.
package struct GGUFEntry: Equatable, Sendable {
    package let name: String
    /// Rows first, as everywhere in this project; the file names columns first.
    package let shape: [Int]
    package let type: GGUFType
    /// The bytes of the file that hold the values.
    package let range: Range<Int>

    package var elementCount: Int { shape.reduce(1, *) }

    struct Description {
        let name: String
        let shape: [Int]
        let code: UInt32
        let offset: UInt64
    }

    fileprivate init(
        _ tensor: Description, dataStart: Int, fileSize: Int, _ alignment: Int, _ input: GGUFInput
    ) throws(Failure) {
        guard let type = GGUFType(rawValue: tensor.code) else {
            throw Failure(
                "the tensor \(tensor.name) is of a type that is not read",
                expected: GGUFType.allCases.map(\.name).joined(separator: ", "),
                got: GGUFType.names[tensor.code] ?? "type \(tensor.code)", at: input.path,
                remedy: "take a file of another type, such as Q4_K_M or Q8_0")
        }
        (name, shape, self.type) = (tensor.name, tensor.shape, type)
        guard shape[shape.count - 1] % type.blockSize == 0 else {
            throw input.failure(
                "rows of whole blocks of \(type.blockSize) in \(name)", "shape \(shape)")
        }
        let limit = max(0, fileSize - dataStart)
        let elements = shape.reduce(1.0) { $0 * Double($1) }
        let byteCount = elements / Double(type.blockSize) * Double(type.blockByteCount)
        guard tensor.offset % UInt64(alignment) == 0, tensor.offset <= UInt64(limit),
            byteCount <= Double(limit - Int(tensor.offset))
        else {
            throw input.failure(
                "\(name), \(type.name) of shape \(shape), in the \(limit) bytes of data",
                "its place \(tensor.offset)")
        }
        let begin = dataStart + Int(tensor.offset)
        range = begin..<begin + type.byteCount(of: shape.reduce(1, *))
    }
}
