import Collectives
import Diagnostics
import Foundation
import Generation
import Tensors
import Tokenizers

/// `generate`: a prompt and what the model adds, printed as it comes.
struct GeneratePhase {
    let compute: ComputeResources

    func run(_ options: GenerateOptions, model directory: String) throws {
        let device = compute.makeDevice()
        let (model, tokenizer) = try LoadedModel.load(directory, device: device)
        let prompt = options.prompt ?? ""
        let ids = try tokenizer.encode(prompt)
        if ids.count > model.configuration.contextLength {
            Self.write(
                "warning: the prompt has \(ids.count) tokens, the model sees the last "
                    + "\(model.configuration.contextLength)\n", to: .standardError)
        }
        Self.write(prompt, to: .standardOutput)
        var decoder = StreamingDecoder(tokenizer)
        let sampler = TokenSampler(
            TokenSampler.Options(
                temperature: options.temperature, topK: options.topK, topP: options.topP,
                seed: UInt64(options.seed ?? Recipe().seed)))
        try TextGenerator(model: model, tokenizer: tokenizer).generate(
            after: ids, maximumTokens: options.maximumTokens, sampler: sampler
        ) { Self.write(try decoder.append($0), to: .standardOutput) }
        Self.write(decoder.finish() + "\n", to: .standardOutput)
    }

    private static func write(_ text: String, to stream: FileHandle) {
        // A reader that went away (a closed pipe) is no reason to fail.
        try? stream.write(contentsOf: Data(text.utf8))
    }
}
