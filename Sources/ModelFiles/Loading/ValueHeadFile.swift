import Diagnostics
import Files
import Models
import Tensors

/// The file beside a model in which the value head of a policy lies; whoever loads the model alone passes
/// over it.
package enum ValueHeadFile {
    package static let name = "value_head.safetensors"

    static func path(in directory: String) -> String { "\(directory)/\(name)" }

    /// The tensors of the file; none where a model has no such head.
    package static func shapes(of model: LanguageModel) -> [(name: String, shape: [Int])] {
        model.valueHead.map { [($0.name, $0.shape)] } ?? []
    }
}

extension LanguageModel {
    /// Whether a value head lies beside the model in a directory; nowhere for a GGUF file.
    package static func hasValueHead(in directory: String) throws -> Bool {
        try DirectoryEntries.isFolder(directory)
            && DirectoryEntries.isThere(ValueHeadFile.path(in: directory))
    }

    /// Fills the value head; does nothing for a model without one.
    ///
    /// - Parameter part: the elements of the flat list of parameters that are read; nil reads all.
    /// - Throws: `Failure` for a head of another size, and for numbers that are not finite.
    package func readValueHead(from directory: String, part: Range<Int>? = nil) throws {
        guard let head = valueHead else { return }
        let range = part.map { head.range.clamped(to: $0) } ?? head.range
        guard !range.isEmpty else { return }
        let path = ValueHeadFile.path(in: directory)
        let file = try SafetensorsFile(path: path)
        guard file[head.name]?.shape == head.shape else {
            throw Failure(
                "the value head does not fit the model", expected: "\(head.shape) as \(head.name)",
                got: file[head.name].map { "\($0.shape)" } ?? "nothing", at: path,
                remedy: "use the head that was trained beside this model")
        }
        let first = range.lowerBound - head.range.lowerBound
        let values = UnsafeMutableBufferPointer(rebasing: parameters.values.buffer[range])
        try file.readFloat32(head.name, first..<first + range.count, into: values)
        try FiniteTensor(head.name, at: path, from: first).check(
            UnsafeBufferPointer(values), on: device)
    }
}
