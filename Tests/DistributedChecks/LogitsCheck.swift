import Collectives
import Diagnostics
import ModelFiles
import Models
import Tensors

extension Checks {
    /// Writes a model as the Hugging Face directory that is named first, and what it computes (`logits`
    /// [2, T, V] of `ids` [2, T], T the context) beside it, for Tests/Scripts/check_families.py: the model
    /// of the directory that is named next, or a Llama of random weights.
    func logits() throws -> Int32 {
        guard arguments.count == 2 || arguments.count == 3 else {
            throw Failure("expected a directory, and perhaps that of a model", kind: .usage)
        }
        let (path, device) = (arguments[1], Device(threadCount: 2))
        let model =
            try arguments.count == 3
            ? read(arguments[2], on: device) : randomLlama(on: device)
        try ModelDirectory.publish(
            HuggingFaceConfiguration(model: model.configuration, endOfTextIDs: []),
            tensors: model.parameters.named(model.parameters.values), at: path)
        let (shape, vocabulary) = (
            [2, model.configuration.contextLength], Int32(model.configuration.vocabularySize)
        )
        let ids = (0..<Int32(2 * shape[1])).map { ($0 * $0 % 293 + $0 % 7) % vocabulary }
        let logits = model.logits(Tape(device: device), inputs: device.tensor(ids, shape: shape))
        let floats = device.tensor(ids.map { Float($0) }, shape: shape)
        try SafetensorsWriter.write(
            [
                NamedTensor(name: "ids", shape: shape, values: UnsafeBufferPointer(floats.buffer)),
                NamedTensor(
                    name: "logits", shape: logits.shape,
                    values: UnsafeBufferPointer(logits.value.buffer)),
            ], to: path + "/reference.safetensors")
        return 0
    }

    private func read(_ path: String, on device: Device) throws -> LanguageModel {
        let files = try ModelDirectory(reading: path)
        let model = LanguageModel(files.model, device: device)
        for parameter in model.parameters.parameters {
            try files.readTensor(
                named: parameter.name, into: model.parameters.value(of: parameter).buffer)
        }
        return model
    }

    private func randomLlama(on device: Device) -> LanguageModel {
        let scaling = RopeScaling(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64)
        let sizes = DecoderConfiguration.llama(
            vocabularySize: 300, contextLength: 256, embeddingSize: 96, layerCount: 4,
            headCount: 6, keyValueHeadCount: 2, mlpSize: 256,
            positions: RotaryPositions(theta: 500_000, scaling: .llama3(scaling)), isTied: false)
        let model = LanguageModel(sizes, device: device)
        model.initialize(seed: 7)
        return model
    }
}
