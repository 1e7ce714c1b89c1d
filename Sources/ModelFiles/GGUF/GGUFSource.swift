import Diagnostics
import Files
import JSON
import Models

/// A GGUF file as a model, whose tensors are checked by name and shape when it opens; of the values none
/// is read before it is asked for.
package final class GGUFSource: Sendable {
    package let metadata: GGUFMetadata
    package let configuration: HuggingFaceConfiguration
    /// The tensors by the names of config.json's model.
    let places: [String: (tensor: DecoderTensor, entry: GGUFEntry)]
    let reader: FileReader

    package var path: String { reader.path }
    package var model: DecoderConfiguration { configuration.model }

    /// Bytes that are read, or floats that are turned, at a time.
    private static let stripSize = 1 << 20

    /// - Throws: `Failure` when the file is damaged, its family or a type is not known, or its tensors do
    ///   not fit its metadata.
    package init(reading path: String) throws(Failure) {
        reader = try FileReader(path: path)
        let header = try GGUFHeader(reading: reader)
        metadata = header.metadata
        let tensors = GGUFTensors(header.entries, of: reader)
        configuration = try tensors.configuration(metadata)
        places = try tensors.places(of: configuration.model)
    }

    /// The tensor of a Hugging Face name, in the shape of the model; nil where there is none.
    package func tensor(named name: String) -> DecoderTensor? { places[name]?.tensor }

    /// Reads one tensor, by its Hugging Face name and in its Hugging Face layout.
    ///
    /// - Precondition: the tensor is one of the configuration's, the buffer of its size.
    package func readTensor(
        named name: String, _ elements: Range<Int>? = nil,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        guard let (tensor, entry) = places[name] else {
            throw Failure("the tensor \(name) is missing", at: path)
        }
        guard let elements, elements.count < entry.elementCount else {
            return try read(tensor, entry, into: buffer)
        }
        precondition(buffer.count == elements.count, "\(name): \(buffer.count) places")
        let whole = UnsafeMutableBufferPointer<Float>.allocate(capacity: entry.elementCount)
        defer { whole.deallocate() }
        try read(tensor, entry, into: whole)
        _ = buffer.update(fromContentsOf: whole[elements])
    }

    private func read(
        _ tensor: DecoderTensor, _ entry: GGUFEntry, into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        precondition(buffer.count == entry.elementCount, "\(tensor.name): \(buffer.count) places")
        guard !model.isTransposed(tensor) else {
            return try readTransposed(entry, into: buffer)
        }
        try forEachStrip(of: entry) { values, bytes in
            entry.type.decode(bytes, into: UnsafeMutableBufferPointer(rebasing: buffer[values]))
        }
        model.rotaryRows(of: tensor)?.separate(buffer)
        model.joinedRows(of: tensor)?.joinByHead(buffer)
        let offset = model.ggufOffset(of: tensor)
        if offset != 0 { for index in buffer.indices { buffer[index] -= offset } }
    }

    /// Reads rows of the file as columns.
    private func readTransposed(
        _ entry: GGUFEntry, into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        let (rows, columns) = (entry.shape[0], entry.shape[1])
        var strip = [Float](repeating: 0, count: 0)
        try forEachStrip(of: entry) { values, bytes in
            if strip.count < values.count { strip = [Float](repeating: 0, count: values.count) }
            strip.withUnsafeMutableBufferPointer { strip in
                entry.type.decode(
                    bytes, into: UnsafeMutableBufferPointer(rebasing: strip[..<values.count]))
                for (index, place) in values.enumerated() {
                    buffer[place % columns * rows + place / columns] = strip[index]
                }
            }
        }
    }

    /// Reads whole rows, as many at a time as a strip holds.
    private func forEachStrip(
        of entry: GGUFEntry, _ body: (_ values: Range<Int>, UnsafeRawBufferPointer) -> Void
    ) throws(Failure) {
        let columns = entry.shape[entry.shape.count - 1]
        let rowSize = entry.type.byteCount(of: columns)
        let step = max(1, Self.stripSize / rowSize)
        let rows = entry.elementCount / columns
        let strip = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(step, rows) * rowSize, alignment: 64)
        defer { strip.deallocate() }
        for first in stride(from: 0, to: rows, by: step) {
            let count = min(step, rows - first)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: strip[..<(count * rowSize)])
            try reader.read(into: bytes, at: entry.range.lowerBound + first * rowSize)
            body(first * columns..<(first + count) * columns, UnsafeRawBufferPointer(bytes))
        }
    }
}
