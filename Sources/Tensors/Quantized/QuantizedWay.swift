import CKernels

/// The instructions by which products with quantised weights are computed.
///
/// Products by integers have the same bits by all; exact ones by those of a family (AVX2, AVX-512) of which
/// one is the usual one of a processor.
package struct QuantizedWay: Equatable, Sendable {
    let code: Int32

    package static let plain = QuantizedWay(code: Int32(QUANTIZED_PLAIN))

    /// All that this processor has, the plain one first, the fastest last.
    package static let possible = (0..<Int32(QUANTIZED_WAY_COUNT))
        .filter { kernel_quantized_way_is_possible($0) != 0 }
        .map { QuantizedWay(code: $0) }

    package static let usual = possible.last ?? .plain

    package var name: String { String(cString: kernel_quantized_way_name(code)) }
}
