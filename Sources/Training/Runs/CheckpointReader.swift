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

    /// Fills a state that is not sharded.
    package static func read(_ state: OptimizerState, from directory: String) throws {
        let path = directory + "/" + CheckpointStore.optimizerName
        let file = try SafetensorsFile(path: path)
        for (name, shape, values) in state.tensors {
            try requireShape(shape, of: name, in: file)
            try file.readFloat32(name, into: values)
            try FiniteTensor(name, at: path).check(UnsafeBufferPointer(values), on: state.device)
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
