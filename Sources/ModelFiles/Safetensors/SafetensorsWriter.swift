import Diagnostics
import Files

/// Writes a safetensors file of Float tensors, as F32 or rounded to BF16 or F16, one tensor after the
/// other; of those that are rounded, a part at a time.
///
/// Equal names, shapes and values in equal order give equal files: the header contains no date.
package struct SafetensorsWriter {
    package let layout: SafetensorsLayout
    private let file: FileWriter
    private var writtenCount = 0

    /// Writes the header into `file`, which the caller finishes.
    package init(_ layout: SafetensorsLayout, into file: FileWriter) throws(Failure) {
        self.layout = layout
        self.file = file
        try file.write(layout.header)
    }

    /// Writes the next tensor of the layout.
    ///
    /// - Precondition: as many values as its shape has elements.
    package mutating func append(_ values: UnsafeBufferPointer<Float>) throws(Failure) {
        let entry = layout.entries[writtenCount]
        precondition(
            values.count == entry.elementCount,
            "\(entry.name): expected \(entry.elementCount) values, got \(values.count)")
        try FloatRounding(entry.type).write(values, of: entry.name, to: file)
        writtenCount += 1
    }

    /// - Precondition: every tensor of the layout was written.
    package consuming func finish() throws(Failure) {
        precondition(
            writtenCount == layout.entries.count,
            "expected \(layout.entries.count) tensors, got \(writtenCount)")
        try file.finish()
    }

    /// Writes a whole file below its final name; see `PublishedFile` and `PublishedDirectory`.
    ///
    /// - Parameter whenWritten: called with the values of each tensor, once they are written.
    package static func write(
        _ tensors: [NamedTensor], type: SafetensorsType = .float32, to path: String,
        whenWritten: (_ count: Int) -> Void = { _ in }
    ) throws(Failure) {
        let layout = SafetensorsLayout(tensors.map { ($0.name, $0.shape) }, type: type)
        var writer = try SafetensorsWriter(layout, into: FileWriter(path: path))
        for tensor in tensors {
            try writer.append(tensor.values)
            whenWritten(tensor.values.count)
        }
        try writer.finish()
    }
}
