import Diagnostics
import Files
import Machine
import ModelFiles
import Models
import Tensors
import Tokenizers

/// `import`: weights of other programs as a model directory of this one.
package struct ImportPhase {
    /// A Hugging Face directory, a GGUF file, or a llama2.c checkpoint.
    package let source: String
    /// The tokenizer; nil takes that of the model.
    package let tokenizer: String?
    /// The chat template; nil takes that of the model.
    package let template: String?

    package init(source: String, tokenizer: String?, template: String?) {
        (self.source, self.tokenizer, self.template) = (source, tokenizer, template)
    }

    /// - Throws: `Failure` when names, shapes, vocabulary or tokenizer do not fit each other.
    package func run(output: String) throws {
        let device = Device(threadCount: 1)
        let (model, tokenizer, template) =
            try isStoredModel ? stored(device) : llama2C(device)
        // The source is closed: its tokens go before those of the written files come.
        MemoryRoom.releaseFree()
        try ModelFile(model: model, tokenizer: tokenizer, template: template).publish(at: output)
        Console.line(
            "imported \(model.configuration.summary): \(model.parameters.parameterCount) "
                + "parameters, into \(output)")
    }

    /// Whether it is a model with its configuration, not bare weights.
    private var isStoredModel: Bool {
        get throws {
            let isGGUF = try GGUFHeader.begins(source)
            return try isGGUF
                || DirectoryEntries.isThere("\(source)/\(HuggingFaceConfiguration.fileName)")
        }
    }

    /// The chat template of the model; one that this program cannot use does not hold the weights
    /// back.
    private func template(
        for tokenizer: any Tokenizer, isDirectory: Bool
    ) throws -> ChatTemplate? {
        if let template { return try ChatTemplate.named(template, for: tokenizer) }
        guard isDirectory else { return nil }
        do {
            return try ChatTemplate.kept(in: source)
        } catch let failure as Failure {
            Console.write("warning: left out: \(failure.line)\n", to: .standardError)
            return nil
        }
    }

    private typealias Parts = (LanguageModel, any Tokenizer, ChatTemplate?)

    /// The tokenizer comes before the weights: for a while it takes much more memory than afterwards.
    private func stored(_ device: Device) throws -> Parts {
        let files = try StoredModelFormat.open(source)
        try MemoryRoom.current.require(
            4 * ParameterPlan().layout(of: files.model).flatCount, copyCount: 1, at: source)
        let tokenizer =
            try tokenizer.map { try StoredModelFormat.tokenizer($0) } ?? files.tokenizer()
        try check(tokenizer, fits: files.model)
        let template = try template(for: tokenizer, isDirectory: true)
        let model = LanguageModel(files.model, device: device)
        let bar = WorkBar("reading \(source)")
        try model.readWeights(of: files) {
            bar?.show($0.range.lowerBound, of: model.parameters.parameterCount)
        }
        return (model, tokenizer, template)
    }

    private func llama2C(_ device: Device) throws -> Parts {
        let checkpoint = try Llama2CCheckpoint(path: source)
        guard let tokenizer else {
            throw Failure(
                "a llama2.c checkpoint holds no tokenizer", at: source,
                remedy: "name its tokenizer.bin with --tokenizer", kind: .usage)
        }
        let model = LanguageModel(checkpoint.configuration, device: device)
        for parameter in model.parameters.parameters {
            let values = model.parameters.value(of: parameter).buffer
            try checkpoint.readTensor(named: parameter.name, into: values)
            try FiniteTensor(parameter.name, at: source)
                .check(UnsafeBufferPointer(values), on: device)
        }
        let own: any Tokenizer =
            try tokenizer.hasSuffix(".bin")
            ? Llama2CTokenizer.load(
                tokenizer, vocabularySize: checkpoint.configuration.vocabularySize)
            : TokenizerFile.load(tokenizer)
        try check(own, fits: checkpoint.configuration)
        return (model, own, try template(for: own, isDirectory: false))
    }

    private func check(
        _ tokenizer: any Tokenizer, fits configuration: DecoderConfiguration
    ) throws {
        guard tokenizer.vocabularySize > configuration.vocabularySize else { return }
        throw Failure(
            "the tokenizer has more tokens than the model",
            expected: "at most \(configuration.vocabularySize)",
            got: "\(tokenizer.vocabularySize)", at: self.tokenizer ?? source,
            remedy: "name the tokenizer of this model with --tokenizer")
    }
}
