import Diagnostics
import Generation
import JSON
import ModelFiles
import Models
import Monitoring
import Tokenizers
import Training

extension TrainingPhase {
    /// What the model writes during its training, by the keys of `generate`; nil where it writes nothing.
    /// Collective.
    ///
    /// - Parameter run: the directory of the run; nil on every rank but the first.
    func makeSamples(
        _ recipe: Recipe, _ files: CheckpointFiles, in run: String?
    ) throws -> TrainingSamples? {
        let options = recipe.generate
        guard options.everySteps > 0 else { return nil }
        return try communicator.agree {
            guard files.labels == nil else {
                throw Failure(
                    FailureText("\(key: "generate.every_steps") asks a model that writes text"),
                    expected: "0", got: "a classifier", remedy: "leave it out", kind: .usage)
            }
            let tokenizer = try TokenizerFile.parse(files.tokenizerJSON, at: "tokenizer.json")
            // The template of the checkpoints, on which the model learns to answer.
            let prompt = try PromptText(options, tokenizer: tokenizer, at: recipe.output) {
                try files.chatTemplate()
            }
            if communicator.rank == 0, let name = prompt.unusedTemplate {
                Console.line("note: the model has a chat template, \(name): generate.chat uses it")
            }
            return TrainingSamples(everySteps: options.everySteps) { model, step in
                let samples = try Self.texts(of: model, tokenizer, after: prompt, options).map {
                    ReportContent.Sample(step: step, prompt: prompt.shown, text: $0)
                }
                if let run {
                    for sample in samples { try RunRecords(ofRun: run).add(sample: sample) }
                }
                return samples.map {
                    PlainText.visible("the model writes\n\($0.prompt)\($0.text)")
                }.joined(separator: "\n")
            }
        }
    }

    private static func texts(
        of model: LanguageModel, _ tokenizer: any Tokenizer, after prompt: PromptText,
        _ options: GenerateOptions
    ) throws -> [String] {
        let (length, isHuge) = prompt.ids.count.addingReportingOverflow(options.maximumTokens)
        let generator = TextGenerator(
            model: model, tokenizer: tokenizer,
            roomForTokens: isHuge ? nil : max(2, length + 1))
        return try (0..<options.samples).map { sample in
            var text = ""
            try generator.generateText(
                after: prompt.ids, maximumTokens: options.maximumTokens,
                sampler: TokenSampler(options.sampling, sample: sample), stops: prompt.stops
            ) { text += $0 }
            return text
        }
    }
}

extension CheckpointFiles {
    /// The chat template that is kept with the model; nil where there is none.
    fileprivate func chatTemplate() throws -> ChatTemplate? {
        let place = "tokenizer_config.json"
        guard !tokenizerConfigurationJSON.isEmpty else { return nil }
        return try ChatTemplate(
            configuration: JSONValue(parsing: tokenizerConfigurationJSON, at: place), at: place)
    }
}
