import Diagnostics
import ModelFiles
import Models
import Tokenizers

/// The tokens that fine-tuning adds to a model: its tokenizer with them, and the rows that its tables then have.
struct TokenAdditions {
    let tokenizer: any Tokenizer
    let model: DecoderConfiguration
    /// The ids whose rows have never been trained.
    let newIDs: Range<Int>

    /// - Parameters:
    ///   - tokenizer: that of the model or adapter.
    ///   - model: before anything is added.
    ///   - directory: Where the tokenizer lies.
    /// - Throws: `Failure` where the tokenizer has more tokens than the model has rows, and none are to be added.
    init(
        to tokenizer: any Tokenizer, of model: DecoderConfiguration, _ options: FineTuneOptions,
        at directory: String
    ) throws {
        if !options.resize { try LoadedModel.require(tokenizer, fits: model, at: directory) }
        let tokens =
            options.addTokens.map { NewToken($0) }
            + options.addSpecialTokens.map { NewToken($0, isSpecial: true) }
        let wider = tokens.isEmpty ? tokenizer : try TokenizerFile.adding(tokens, to: tokenizer)
        let first = min(tokenizer.vocabularySize, model.vocabularySize)
        newIDs = first..<max(first, wider.vocabularySize)
        self.tokenizer = wider
        var model = model
        model.vocabularySize = max(model.vocabularySize, wider.vocabularySize)
        self.model = model
    }

    /// What is told of them at the start; nil where nothing is new.
    var note: String? {
        guard !newIDs.isEmpty else { return nil }
        return
            "\(Quantity.count(newIDs.count, "token")) added, from id \(newIDs.lowerBound) on: the "
            + "tables have \(model.vocabularySize) rows, and rows that are new begin as the mean of "
            + "the others"
    }

    /// Throws where the tables would not learn what the new tokens mean.
    ///
    /// - Parameter trained: as the recipe names it.
    func requireTrained(by plan: ParameterPlan, _ trained: FineTuneOptions.Trained) throws {
        guard !newIDs.isEmpty else { return }
        let names = model.architecture.names
        let hasOutput = !model.isTied && plan.classCount == nil
        let tables =
            [names.name(of: .tokenEmbedding)] + (hasOutput ? [names.output] : [])
        let frozen = tables.first { !plan.trainsBase("\($0).weight") }
        guard let frozen else { return }
        throw Failure(
            "the tokens that are added would not be learnt",
            expected: "\(FineTuneOptions.Trained.lora.rawValue) or "
                + "\(FineTuneOptions.Trained.all.rawValue) as finetune.trained, and tables that are "
                + "not frozen", got: "\(trained.rawValue), in which \(frozen) stays as it is",
            remedy: "change finetune.trained, or add no tokens", kind: .usage)
    }

    /// Throws where tokens would be added to those of an adapter.
    func requireNone(in adapter: AdapterStart) throws {
        guard !newIDs.isEmpty else { return }
        throw Failure(
            "tokens cannot be added to an adapter", expected: "a model as finetune.from",
            got: "a PEFT directory", at: adapter.directory.path,
            remedy: "merge it into its base first", kind: .usage)
    }
}
