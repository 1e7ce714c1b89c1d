import Tensors

/// A GGUF file, read by the format description alone; damaged ones trap.
struct GGUFReading {
    struct Tensor {
        /// Columns first.
        var sizes: [Int]
        var type: UInt32
        var place: Int
    }

    private(set) var metadata: [String: Any] = [:]
    private(set) var tensors: [String: Tensor] = [:]
    /// In the order of the header.
    private(set) var names: [String] = []
    private(set) var dataStart = 0
    let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        precondition(bytes.prefix(4).elementsEqual("GGUF".utf8))
        position = 4
        precondition(integer(UInt32.self) == 3)
        let counts = (tensors: integer(UInt64.self), metadata: integer(UInt64.self))
        for _ in 0..<counts.metadata {
            let key = text()
            precondition(metadata[key] == nil, "\(key) stands twice")
            metadata[key] = value(integer(UInt32.self))
        }
        for _ in 0..<counts.tensors {
            let name = text()
            let sizes = (0..<integer(UInt32.self)).map { _ in Int(integer(UInt64.self)) }
            tensors[name] = Tensor(
                sizes: sizes, type: integer(UInt32.self), place: Int(integer(UInt64.self)))
            names.append(name)
        }
        dataStart = (position + 31) / 32 * 32
    }

    /// Values as ggml widens them; nil for a type that is not F32, F16, BF16 or Q8_0.
    func values(_ name: String) -> [Float]? {
        var reading = self
        return reading.read(name)
    }

    /// The byte behind a tensor.
    func end(of name: String) -> Int {
        var reading = self
        _ = reading.read(name)
        return reading.position
    }

    private mutating func read(_ name: String) -> [Float]? {
        guard let tensor = tensors[name] else { return nil }
        position = dataStart + tensor.place
        let count = tensor.sizes.reduce(1, *)
        switch tensor.type {
        case 0: return (0..<count).map { _ in Float(bitPattern: integer()) }
        case 1: return (0..<count).map { _ in half() }
        case 8:
            return (0..<count / 32).flatMap { _ in
                let scale = half()
                return (0..<32).map { _ in Float(integer(Int8.self)) * scale }
            }
        case 30:
            return (0..<count).map { _ in Float(bitPattern: UInt32(integer(UInt16.self)) << 16) }
        default: return nil
        }
    }

    private mutating func value(_ code: UInt32) -> Any {
        switch code {
        case 4: return integer(UInt32.self)
        case 5: return integer(Int32.self)
        case 6: return Float(bitPattern: integer())
        case 7: return integer(UInt8.self) != 0
        case 8: return text()
        case 9:
            let (element, count) = (integer(UInt32.self), integer(UInt64.self))
            return (0..<count).map { _ in value(element) }
        default: preconditionFailure("type \(code)")
        }
    }

    private mutating func half() -> Float { Float(Float16(bitPattern: integer())) }

    private mutating func text() -> String {
        let count = Int(integer(UInt64.self))
        defer { position += count }
        return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
        let size = MemoryLayout<T>.size
        defer { position += size }
        return bytes[position..<position + size].reversed().reduce(T(0)) {
            $0 << 8 | T(truncatingIfNeeded: $1)
        }
    }
}
