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
            Console.write(
                "warning: the prompt has \(ids.count) tokens, the model sees the last "
                    + "\(model.configuration.contextLength)\n", to: .standardError)
        }
        Console.write(prompt)
        var decoder = StreamingDecoder(tokenizer)
        let sampler = TokenSampler(
            TokenSampler.Options(
                temperature: options.temperature, topK: options.topK, topP: options.topP,
                seed: UInt64(options.seed ?? Recipe().seed)))
        try TextGenerator(model: model, tokenizer: tokenizer).generate(
            after: ids, maximumTokens: options.maximumTokens, sampler: sampler
        ) { Console.write(try decoder.append($0)) }
        Console.line(decoder.finish())
    }
}
