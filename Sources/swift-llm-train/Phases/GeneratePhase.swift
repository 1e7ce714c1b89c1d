import Collectives
import Diagnostics
import Generation
import Tensors
import Tokenizers

/// `generate`: a prompt and what the model adds, printed as it comes.
struct GeneratePhase {
    let compute: ComputeResources

    func run(_ options: GenerateOptions, model directory: String) throws {
        let device = compute.makeDevice()
        let (model, tokenizer) = try LoadedModel.load(directory, device: device)
        if options.precision == .bf16 && ComputeKernels.hasBFloat16 {
            model.parameters.keepBFloat16()
        }
        let prompt = options.prompt ?? ""
        let ids = try tokenizer.encode(prompt)
        if let warning = Self.warning(
            ids.count, maximumTokens: options.maximumTokens,
            contextLength: model.configuration.contextLength)
        {
            Console.write("warning: \(warning)\n", to: .standardError)
        }
        let generator = TextGenerator(model: model, tokenizer: tokenizer)
        for sample in 0..<options.samples {
            if options.samples > 1 {
                Console.line("--- sample \(sample + 1) of \(options.samples)")
            }
            Console.write(prompt)
            try generator.generateText(
                after: ids, maximumTokens: options.maximumTokens,
                sampler: TokenSampler(options.sampling, sample: sample), stops: options.stop
            ) { Console.write($0) }
            Console.line("")
        }
    }

    /// What happens to a text that does not fit into the context; nil for one that does.
    private static func warning(
        _ promptLength: Int, maximumTokens: Int, contextLength: Int
    ) -> String? {
        if promptLength > contextLength {
            return "the prompt has \(promptLength) tokens, the model sees the last \(contextLength)"
        }
        guard promptLength + maximumTokens > contextLength else { return nil }
        return "the text may grow to \(promptLength + maximumTokens) tokens; whenever it outgrows "
            + "the context of \(contextLength), the model forgets the older half"
    }
}

extension GenerateOptions {
    fileprivate var sampling: SamplingOptions {
        var sampling = SamplingOptions(seed: UInt64(seed ?? Recipe().seed))
        sampling.repetitionPenalty = repetitionPenalty
        sampling.temperature = temperature
        sampling.topK = topK
        sampling.topP = topP
        return sampling
    }
}
