/// The element types of a safetensors file, by the names that its header uses.
package enum SafetensorsType: String, Sendable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case boolean = "BOOL"

    /// Whether tensors of the type are read as Float: the values of F64 are rounded, all others are kept.
    package var isReadableAsFloat: Bool {
        [.float32, .bfloat16, .float16, .float64].contains(self)
    }

    /// The name of a floating-point type in config.json.
    package var torchName: String {
        switch self {
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .float64: "float64"
        default: "float32"
        }
    }

    /// Bytes of one element.
    package var size: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .boolean: 1
        }
    }
}
