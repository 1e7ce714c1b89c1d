import Collectives
import Datasets
import Diagnostics
import Evaluation
import ModelFiles
import Training

/// `classify`: the probabilities that a classifier gives its classes for some texts.
package struct ClassifyPhase {
    package let communicator: any Communicator
    package let compute: ComputeResources

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// Classifies the texts; the result is the same on every rank. Collective.
    ///
    /// - Parameter texts: those with a label must have one of the classifier's.
    package func run(
        model directory: String, base: String? = nil, texts read: () throws -> [LabelledText]
    ) throws -> ClassifiedTexts {
        let device = compute.makeDevice()
        let (loaded, texts, labels, encoded) = try communicator.agree {
            let texts = try read()
            let loaded = try LoadedModel(
                directory, base: base, device: device, copyCount: communicator.neighbourCount)
            guard let names = loaded.labels else {
                throw Failure(
                    "this model tells no classes apart", expected: "a classifier",
                    got: "a language model", at: directory,
                    remedy: "fine-tune it for classification first", kind: .usage)
            }
            let labels = try ClassLabels(names)
            return (
                loaded, texts, labels,
                try ClassifiedExamples(
                    texts, labels: texts.contains { $0.label == nil } ? nil : labels,
                    tokenizer: loaded.tokenizer,
                    sequenceLength: loaded.model.configuration.contextLength)
            )
        }
        try (RankInputs(texts) + RankInputs(loaded.model, at: directory))
            .requireEqual(over: communicator)
        let scores = try ClassScores(of: encoded.examples, by: loaded.model, over: communicator)
        return ClassifiedTexts(
            texts: texts, labels: labels, scores: scores,
            warnings: [
                encoded.warning(sequenceLength: loaded.model.configuration.contextLength),
                Self.labelWarning(texts),
            ].compactMap { $0 })
    }

    /// Why there is no report; nil where there is one, and where no text has a label.
    private static func labelWarning(_ texts: [LabelledText]) -> String? {
        let missing = texts.count { $0.label == nil }
        guard missing > 0, missing < texts.count else { return nil }
        return "\(missing) of \(texts.count) texts have no label: no report follows"
    }
}
