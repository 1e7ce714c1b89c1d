import Collectives
import Diagnostics
import ModelFiles
import Models
import Tensors

extension Checks {
    /// Writes a Llama of random weights as the Hugging Face directory that is named, and what it
    /// computes (`logits` [B, T, V] of `ids` [B, T]) beside it, for Tests/Scripts/check_llama.py.
    func logits() throws -> Int32 {
        guard arguments.count == 2 else { throw Failure("expected a directory", kind: .usage) }
        let (path, device) = (arguments[1], Device(threadCount: 2))
        let sizes = DecoderConfiguration.llama(
            vocabularySize: 300, contextLength: 256, embeddingSize: 96, layerCount: 4,
            headCount: 6, keyValueHeadCount: 2, mlpSize: 256,
            positions: RotaryPositions(
                theta: 500_000,
                scaling: RopeScaling(
                    factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                    originalContextLength: 64)),
            isTied: false)
        let model = LanguageModel(sizes, device: device)
        model.initialize(seed: 7)
        try ModelDirectory.publish(
            HuggingFaceConfiguration(model: model.configuration, endOfTextIDs: []),
            tensors: model.parameters.named(model.parameters.values), at: path)
        let shape = [2, sizes.contextLength]
        let ids = (0..<2 * sizes.contextLength).map { Int32($0 * $0 % 293 + $0 % 7) }
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
}
