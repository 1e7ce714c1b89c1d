import Collectives
import Diagnostics
import Generation
import Machine
import ModelFiles
import Models
import Monitoring
import Tensors
import Tokenizers

/// `generate`: a prompt and what the model adds, printed as it comes.
package struct GeneratePhase {
    package let compute: ComputeResources

    package init(compute: ComputeResources) {
        self.compute = compute
    }

    /// - Returns: the prompt as it was shown, and each text that the model added.
    @discardableResult
    package func run(
        _ options: GenerateOptions, model directory: String, base: String? = nil
    ) throws -> (prompt: String, texts: [String]) {
        let (tokenCount, isHuge) = options.maximumTokens.multipliedReportingOverflow(
            by: options.samples)
        let (model, tokenizer) = try load(
            directory, base: base, options, tokenCount: isHuge ? .max : tokenCount)
        let prompt = try PromptText(options, tokenizer: tokenizer, at: directory) {
            try ChatTemplate.kept(in: directory, base: base)
        }
        if let name = prompt.unusedTemplate {
            let note = "the model has a chat template, \(name): --chat uses it"
            Console.write("note: \(note)\n", to: .standardError)
        }
        if let warning = Self.warning(
            prompt.ids.count, maximumTokens: options.maximumTokens,
            contextLength: model.configuration.contextLength)
        {
            Console.write("warning: \(warning)\n", to: .standardError)
        }
        let generator = TextGenerator(
            model: model, tokenizer: tokenizer,
            draftSource: try .load(options.draft, besides: tokenizer, device: model.device),
            cacheFormat: options.cache)
        var texts: [String] = []
        for sample in 0..<options.samples {
            if options.samples > 1 {
                Console.line("--- sample \(sample + 1) of \(options.samples)")
            }
            Console.write(prompt.shown)
            texts.append("")
            try generator.generateText(
                after: prompt.ids, maximumTokens: options.maximumTokens,
                sampler: TokenSampler(options.sampling, sample: sample), stops: prompt.stops
            ) { text in
                Console.write(text)
                texts[sample] += text
            }
            Console.line("")
        }
        return (prompt.shown, texts)
    }

    /// Prints samples of a model, and keeps them for the report of the run that it belongs to.
    package func run(_ options: GenerateOptions, keepingSamplesOf model: String) throws {
        let (prompt, texts) = try run(options, model: model)
        let records = RunRecords(ofModel: model)
        let step = ReportedCheckpoint.step(of: model)
        for text in texts {
            try records?.add(sample: ReportContent.Sample(step: step, prompt: prompt, text: text))
        }
    }

    /// The model with its weights in the wanted format, and its tokenizer.
    ///
    /// - Parameter tokenCount: what it is to generate at most.
    package func load(
        _ directory: String, base: String? = nil, _ options: GenerateOptions, tokenCount: Int
    ) throws -> (LanguageModel, any Tokenizer) {
        let (model, tokenizer) = try LoadedModel.load(
            directory, base: base, device: compute.makeDevice(),
            weights: HeldWeights(options.quantize, in: options.precision))
        model.parameters.quantizedArithmetic = options.compute
        model.quantizedNote.map { Console.write("\($0)\n", to: .standardError) }
        if options.precision == .bf16 && ComputeKernels.hasBFloat16 {
            model.parameters.keepBFloat16()
        }
        let freeBytes = SystemFile.usableBytes
        let outcome = model.pack(forTokens: tokenCount, within: freeBytes)
        if case .tooLittleMemory(let neededBytes) = outcome {
            let note =
                "the weights stay as they are, which decodes more slowly: packed beside them they "
                + "take up to \(Quantity.bytes(neededBytes)), \(Quantity.bytes(freeBytes)) are free"
            Console.write("note: \(note)\n", to: .standardError)
        }
        return (model, tokenizer)
    }

    /// A warning of a text that does not fit into the context; nil for one that does.
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

/// The prompt that a sample goes on from, and the texts that end it.
struct PromptText {
    let ids: [Int32]
    /// Printed before each sample.
    let shown: String
    let stops: [String]
    /// The name of a chat template of the model that the options leave unused; nil where there is none.
    private(set) var unusedTemplate: String?

    /// - Parameters:
    ///   - place: the model.
    ///   - kept: the model's own chat template.
    /// - Throws: `Failure` for text outside the vocabulary, and for a model without the template that is
    ///   wanted.
    init(
        _ options: GenerateOptions, tokenizer: any Tokenizer, at place: String,
        kept: () throws -> ChatTemplate?
    ) throws {
        let text = options.prompt ?? ""
        guard options.chat || options.template != nil else {
            ids = try tokenizer.encode(text)
            shown = text
            stops = options.stop
            // One that cannot be read does not matter here.
            unusedTemplate = (try? kept())?.name
            return
        }
        let template = try ChatTemplate.chosen(
            options.template, tokenizer: tokenizer, at: place, kept)
        ids = try tokenizer.encode(template.prompt(after: [ChatMessage(.user, text)])).ids
        shown = ""
        stops = options.stop + template.stops
    }
}

extension GenerateOptions {
    package var sampling: SamplingOptions {
        var sampling = SamplingOptions(seed: UInt64(seed ?? Recipe().seed))
        sampling.repetitionPenalty = repetitionPenalty
        sampling.temperature = temperature
        sampling.topK = topK
        sampling.topP = topP
        return sampling
    }
}
