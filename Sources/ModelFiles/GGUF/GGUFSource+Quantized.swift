import Diagnostics
import Models
import Tensors

/// Matrices that stay in the type of the file.
extension GGUFSource {
    package func quantizedType(ofTensor name: String) -> QuantizedType? {
        guard let (tensor, entry) = places[name], tensor.canBeQuantized else { return nil }
        return QuantizedType(rawValue: entry.type.rawValue)
    }

    /// Reads one matrix, a strip of outputs at a time.
    ///
    /// - Throws: `Failure` for a scale that is not finite, and where the file cannot be read.
    package func readQuantized(
        named name: String, into matrix: QuantizedMatrix, on device: Device
    ) throws(Failure) {
        guard let (tensor, entry) = places[name] else {
            throw Failure("the tensor \(name) is missing", at: path)
        }
        precondition(
            matrix.type.rawValue == entry.type.rawValue && matrix.shape == entry.shape,
            "expected \(entry.type.name) of \(entry.shape), got \(matrix.type.name)")
        let outputs = matrix.outputCount
        let rowSize = matrix.type.byteCount(of: matrix.depth)
        let order = model.outputOrder(of: tensor)
        // Whole groups of 16 outputs, and of those that change places.
        let unit = 16 * (order.unit ?? outputs)
        let step = max(1, Self.quantizedStripSize / (rowSize * unit)) * unit
        let strip = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(step, outputs) * rowSize, alignment: 64)
        defer { strip.deallocate() }
        for first in stride(from: 0, to: outputs, by: step) {
            let count = min(step, outputs - first)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: strip[..<(count * rowSize)])
            try reader.read(into: bytes, at: entry.range.lowerBound + first * rowSize)
            let isFinite = matrix.take(
                UnsafeRawBufferPointer(bytes), of: first..<first + count, on: device,
                order: order.storedRow)
            guard isFinite else {
                throw Failure(
                    "the tensor \(name) is not finite", expected: "numbers as scales",
                    got: "infinity or NaN in the outputs \(first) to \(first + count - 1)",
                    at: path, remedy: "take another copy: nothing can be computed with it")
            }
        }
    }

    private static let quantizedStripSize = 4 << 20
}

/// The places in a GGUF file of the outputs of a matrix.
private struct OutputOrder {
    /// Outputs that change places among themselves; nil for all.
    let unit: Int?
    /// The place of an output, counted as it from the start of a unit.
    let storedRow: (Int) -> Int
}

extension DecoderConfiguration {
    fileprivate func outputOrder(of tensor: DecoderTensor) -> OutputOrder {
        let size = headSize
        if rotaryRows(of: tensor) != nil {
            // Planes are neighbours in the file, and lie in the halves of a head in the model.
            return OutputOrder(unit: size) { row in
                let (head, place) = row.quotientAndRemainder(dividingBy: size)
                let (half, plane) = place.quotientAndRemainder(dividingBy: size / 2)
                return head * size + 2 * plane + half
            }
        }
        if joinedRows(of: tensor) != nil {
            // Queries, keys and values of a head lie together in the model.
            let count = headCount
            return OutputOrder(unit: nil) { row in
                let (part, place) = row.quotientAndRemainder(dividingBy: size)
                let (head, kind) = part.quotientAndRemainder(dividingBy: 3)
                return (kind * count + head) * size + place
            }
        }
        return OutputOrder(unit: 1) { $0 }
    }
}
