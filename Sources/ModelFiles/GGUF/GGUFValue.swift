/// A value of the metadata of a GGUF file.
package enum GGUFValue: Equatable, Sendable {
    case integer(UInt32)
    case number(Float)
    case boolean(Bool)
    /// UTF-8.
    case text([UInt8])
    case integers([Int32])
    case booleans([Bool])
    case numbers([Float])
    case texts([[UInt8]])

    package static func text(_ string: String) -> GGUFValue { .text(Array(string.utf8)) }

    /// Appends the code of the type and the value.
    func encode(into bytes: inout GGUFBytes) {
        bytes.append(UInt32(code))
        switch self {
        case .integer(let value): bytes.append(value)
        case .number(let value): bytes.append(value.bitPattern)
        case .boolean(let value): bytes.append(UInt8(value ? 1 : 0))
        case .text(let text): bytes.append(text: text)
        case .integers(let values):
            bytes.append(listOf: Self.integerCode, count: values.count)
            for value in values { bytes.append(value) }
        case .booleans(let values):
            bytes.append(listOf: Self.booleanCode, count: values.count)
            for value in values { bytes.append(UInt8(value ? 1 : 0)) }
        case .numbers(let values):
            bytes.append(listOf: Self.numberCode, count: values.count)
            for value in values { bytes.append(value.bitPattern) }
        case .texts(let texts):
            bytes.append(listOf: Self.textCode, count: texts.count)
            for text in texts { bytes.append(text: text) }
        }
    }

    private static let integerCode = 5
    private static let numberCode = 6
    private static let booleanCode = 7
    private static let textCode = 8

    private var code: Int {
        switch self {
        case .integer: 4
        case .number: Self.numberCode
        case .boolean: Self.booleanCode
        case .text: Self.textCode
        case .integers, .booleans, .numbers, .texts: 9
        }
    }
}

/// Little-endian bytes of a GGUF header.
struct GGUFBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// The length in bytes, then the bytes.
    mutating func append(text: [UInt8]) {
        append(UInt64(text.count))
        bytes.append(contentsOf: text)
    }

    mutating func append(listOf code: Int, count: Int) {
        append(UInt32(code))
        append(UInt64(count))
    }

    mutating func pad(to alignment: Int) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }
}
