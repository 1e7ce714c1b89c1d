import Diagnostics
import Files

/// A tensor on its way into a GGUF file.
struct GGUFTensor {
    let name: String
    /// Rows first, as everywhere in this project; the file names columns first.
    let shape: [Int]
    let type: GGUFType
    /// Made when they are written, so that one tensor at a time is held twice.
    let values: () -> [Float]

    var byteCount: Int { type.byteCount(of: shape.reduce(1, *)) }

    func write(to file: FileWriter) throws {
        let values = values()
        precondition(values.count == shape.reduce(1, *), "\(name): \(values.count) for \(shape)")
        let rounding: FloatRounding
        switch type {
        case .float32: rounding = FloatRounding(.float32)
        case .float16: rounding = FloatRounding(.float16)
        case .bfloat16: rounding = FloatRounding(.bfloat16)
        default: return try type.write(values, of: name, to: file)
        }
        try values.withUnsafeBufferPointer { try rounding.write($0, of: name, to: file) }
    }
}

/// Metadata and tensors in the format of llama.cpp, version 3.
///
/// A file is: "GGUF", the version, the counts of tensors and of metadata; the metadata; of each tensor
/// its name, shape, type and place; then the data, each tensor at a multiple of 32 bytes.
/// Source: the format description of ggml (docs/gguf.md).
struct GGUFFile {
    let metadata: [(key: String, value: GGUFValue)]
    let tensors: [GGUFTensor]

    private static let version: UInt32 = 3
    private static let alignment = 32

    /// Writes a file that appears whole or not at all.
    ///
    /// - Throws: `Failure` when something stands at `path` already that is not to be replaced, or a
    ///   write fails.
    func publish(at path: String, isReplacing: Bool) throws {
        try PublishedFile.create(at: path, isReplacing: isReplacing) { temporaryPath in
            let file = try FileWriter(path: temporaryPath)
            try file.write(header)
            let size = tensors.reduce(0) { $0 + $1.byteCount }
            let bar = WorkBar("writing \(Quantity.bytes(size))")
            var written = 0
            for tensor in tensors {
                try tensor.write(to: file)
                let padding = Self.aligned(tensor.byteCount) - tensor.byteCount
                try file.write([UInt8](repeating: 0, count: padding))
                written += tensor.byteCount
                bar?.show(written, of: size)
            }
            try file.finish()
        }
    }

    private var header: [UInt8] {
        var bytes = GGUFBytes()
        for letter in "GGUF".utf8 { bytes.append(letter) }
        bytes.append(Self.version)
        bytes.append(UInt64(tensors.count))
        bytes.append(UInt64(metadata.count))
        for (key, value) in metadata {
            bytes.append(text: Array(key.utf8))
            value.encode(into: &bytes)
        }
        var place = 0
        for tensor in tensors {
            bytes.append(text: Array(tensor.name.utf8))
            bytes.append(UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { bytes.append(UInt64(size)) }
            bytes.append(tensor.type.rawValue)
            bytes.append(UInt64(place))
            place += Self.aligned(tensor.byteCount)
        }
        bytes.pad(to: Self.alignment)
        return bytes.bytes
    }

    private static func aligned(_ size: Int) -> Int {
        (size + alignment - 1) / alignment * alignment
    }
}
