import Collectives
import Diagnostics
import ModelFiles
import Tensors

/// The state of an optimizer in a checkpoint, of which any part can be read.
struct StateFile {
    private let file: SafetensorsFile
    private let shapes: [(name: String, shape: [Int])]
    /// The parameter of each tensor.
    private let parameters: [Parameter]
    private let device: Device

    /// - Throws: `Failure` where the file holds the state of another model.
    init(
        _ state: OptimizerState, in directory: String,
        named name: String = CheckpointStore.optimizerName
    ) throws {
        file = try SafetensorsFile(path: directory + "/" + name)
        shapes = state.shapes
        parameters = state.parametersOfShapes
        device = state.device
        for (name, shape) in shapes { try requireShape(shape, of: name) }
    }

    /// Fills pieces of the state.
    ///
    /// - Parameter range: the elements of the flat vector of each list that are read; nil reads all.
    func read(_ pieces: [OptimizerState.Piece], in range: Range<Int>? = nil) throws {
        for piece in pieces {
            let start = parameters[piece.index].range.lowerBound
            let elements =
                range.map { range in
                    (max(start, range.lowerBound) - start..<max(start, range.upperBound) - start)
                        .clamped(to: piece.elements)
                } ?? piece.elements
            guard !elements.isEmpty else { continue }
            let first = piece.elements.lowerBound
            try read(
                piece.index, elements,
                into: GradientBuffer(
                    rebasing: piece.values[
                        elements.lowerBound - first..<elements.upperBound - first]))
        }
    }

    /// - Parameter numbers: the position of a tensor, and the first and the end of its elements.
    func values(of numbers: [Int]) throws -> [Float] {
        let (index, elements) = (numbers[0], numbers[1]..<numbers[2])
        var values = [Float](repeating: 0, count: elements.count)
        try values.withUnsafeMutableBufferPointer { try read(index, elements, into: $0) }
        return values
    }

    private func read(
        _ index: Int, _ elements: Range<Int>, into values: GradientBuffer
    ) throws {
        let name = shapes[index].name
        try file.readFloat32(name, elements, into: values)
        try FiniteTensor(name, at: file.path, from: elements.lowerBound)
            .check(UnsafeBufferPointer(values), on: device)
    }

    private func requireShape(_ shape: [Int], of name: String) throws {
        let found = file[name]?.shape
        guard found == shape else {
            throw Failure(
                "the optimizer state does not fit the model: \(name)", expected: "\(shape)",
                got: found.map { "\($0)" } ?? "nothing", at: file.path)
        }
    }
}
