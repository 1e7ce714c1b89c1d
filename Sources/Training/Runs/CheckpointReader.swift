import Diagnostics
import Files
import JSON
import ModelFiles
import Models
import Tensors

/// Reads a checkpoint, or a model directory, into a model and its optimizer.
package enum CheckpointReader {
    package static func state(in directory: String) throws -> TrainerState {
        let path = directory + "/" + TrainerState.fileName
        let json = try JSONValue(parsing: FileReader.bytes(of: path), at: path)
        return try TrainerState(json: json, at: path)
    }

    /// Reads the parameters of the architecture, all of them finite, and a classification head where both have one of as
    /// many classes.
    package static func readWeights(of model: any LanguageModel, from directory: String) throws {
        let files = try ModelDirectory(reading: directory)
        guard files.model.hasSizes(of: model.configuration) else {
            throw Failure(
                "the model directory holds another model",
                expected: model.configuration.summary, got: files.model.summary, at: directory)
        }
        // A classifier has no output layer, a model that writes text no head.
        let isAdded = Set(model.addedParameters.map(\.name))
        for parameter in model.parameters.parameters {
            let isOptional =
                isAdded.contains(parameter.name)
                || parameter.index == model.outputWeight.index && model.plan.classCount != nil
            if isOptional && files.tensor(named: parameter.name)?.shape != parameter.shape {
                continue
            }
            let values = model.parameters.value(of: parameter).buffer
            try files.readTensor(named: parameter.name, into: values)
            try FiniteTensor(parameter.name, at: files.file(ofTensor: parameter.name))
                .check(UnsafeBufferPointer(values), on: model.device)
        }
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
