import CKernels
import Collectives
import Tensors

/// The bytes in which differences of weights travel.
///
/// With 8 bits each block of 256 elements, counted from the start of the list, has a factor of its own; so
/// lists are cut at whole blocks.
package struct DeltaCodec {
    let format: OuterOptions.Format
    let device: Device

    /// Elements that share a factor.
    package static let blockSize = OuterOptions.Format.blockSize
    private static let factorSize = MemoryLayout<Float>.stride

    package init(format: OuterOptions.Format, device: Device) {
        self.format = format
        self.device = device
    }

    /// The bytes of the first so many elements.
    package func byteCount(of count: Int) -> Int { format.byteCount(of: count) }

    /// The place in the bytes of a list of elements that begin at a block.
    package func bytes(of elements: Range<Int>) -> Range<Int> {
        byteCount(of: elements.lowerBound)..<byteCount(of: elements.upperBound)
    }

    package func encode(_ values: GradientBuffer, into bytes: UnsafeMutableRawBufferPointer) {
        switch format {
        case .fp32: forEachChunk(values, bytes) { $1.copyMemory(from: UnsafeRawBufferPointer($0)) }
        case .int8:
            forEachBlock(values, bytes) { values, factor, codes in
                kernel_encode8(codes, factor, values.baseAddress, values.count)
            }
        }
    }

    /// Writes the values of `bytes`, or adds them to those that are there.
    package func decode(
        _ bytes: UnsafeMutableRawBufferPointer, into values: GradientBuffer, adds: Bool = false
    ) {
        switch format {
        case .fp32:
            forEachChunk(values, bytes) { values, bytes in
                let floats = bytes.bindMemory(to: Float.self)
                if adds, let own = values.baseAddress, let other = floats.baseAddress {
                    kernel_accumulate(own, other, values.count)
                } else {
                    _ = values.update(fromContentsOf: floats)
                }
            }
        case .int8:
            forEachBlock(values, bytes) { values, factor, codes in
                kernel_decode8(
                    values.baseAddress, codes, factor.pointee, values.count, adds ? 1 : 0)
            }
        }
    }

    private func forEachChunk(
        _ values: GradientBuffer, _ bytes: UnsafeMutableRawBufferPointer,
        _ body: (GradientBuffer, UnsafeMutableRawBufferPointer) -> Void
    ) {
        // Not booked as an operation of the device: it may run within one.
        device.threads.forEachChunk(of: values.count, grain: Device.grain) { chunk in
            body(
                GradientBuffer(rebasing: values[chunk]),
                UnsafeMutableRawBufferPointer(rebasing: bytes[self.bytes(of: chunk)]))
        }
    }

    private func forEachBlock(
        _ values: GradientBuffer, _ bytes: UnsafeMutableRawBufferPointer,
        _ body: (
            GradientBuffer, UnsafeMutablePointer<Float>, UnsafeMutablePointer<CSignedChar>
        ) -> Void
    ) {
        forEachChunk(values, bytes) { values, bytes in
            for start in stride(from: 0, to: values.count, by: Self.blockSize) {
                let end = min(start + Self.blockSize, values.count)
                guard let place = bytes.baseAddress.map({ $0 + byteCount(of: start) }) else {
                    return
                }
                body(
                    GradientBuffer(rebasing: values[start..<end]),
                    place.assumingMemoryBound(to: Float.self),
                    (place + Self.factorSize).assumingMemoryBound(to: CSignedChar.self))
            }
        }
    }
}
