import Diagnostics
import Files
import JSON
import ModelFiles
import Tensors

/// Reads the state of a run, and of its optimizer, from a checkpoint.
package enum CheckpointReader {
    package static func state(in directory: String) throws -> TrainerState {
        let path = directory + "/" + TrainerState.fileName
        let json = try JSONValue(parsing: FileReader.bytes(of: path), at: path)
        return try TrainerState(json: json, at: path)
    }

    /// Reads the moments of the trained parameters of `list`.
    package static func read(
        _ moments: Moments, of list: ParameterList, from directory: String
    ) throws {
        let path = directory + "/" + CheckpointStore.optimizerName
        let file = try SafetensorsFile(path: path)
        for (suffix, values) in [
            (Moments.suffixes.first, moments.first), (Moments.suffixes.second, moments.second),
        ] {
            for parameter in list.trained {
                let view = values.view(from: parameter.range.lowerBound, shape: parameter.shape)
                try requireShape(parameter.shape, of: parameter.name + suffix, in: file)
                try file.readFloat32(parameter.name + suffix, into: view.buffer)
                try FiniteTensor(parameter.name + suffix, at: path)
                    .check(UnsafeBufferPointer(view.buffer), on: list.device)
            }
        }
    }

    private static func requireShape(
        _ shape: [Int], of name: String, in file: SafetensorsFile
    ) throws {
        let found = file[name]?.shape
        guard found == shape else {
            throw Failure(
                "the optimizer state does not fit the model: \(name)", expected: "\(shape)",
                got: found.map { "\($0)" } ?? "nothing", at: file.path)
        }
    }
}
