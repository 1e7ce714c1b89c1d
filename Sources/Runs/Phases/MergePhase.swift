import Diagnostics
import ModelFiles
import Tensors

/// `merge`: an adapter folded into its base.
package struct MergePhase {
    package let compute: ComputeResources
    /// The text on which the logits are compared; nil takes a text of many letters, or the first
    /// tokens where the tokenizer lacks some of them.
    package let probe: String?

    package init(compute: ComputeResources, probe: String?) {
        (self.compute, self.probe) = (compute, probe)
    }

    private static let defaultProbe = "The quick brown fox jumps over the lazy dog."

    /// Rounding alone may change a logit, in shares of the largest.
    private static let tolerance: Float = 1e-4

    /// Prints how much the weights changed, and the logits did not.
    ///
    /// - Throws: `Failure` where the directory holds no adapter, where it changes nothing, and where the
    ///   merged model computes something else.
    package func run(
        adapter directory: String, base: String? = nil, output: String, isReplacing: Bool = false
    ) throws {
        guard try AdapterDirectory.exists(at: directory) else {
            throw Failure(
                "there is no adapter to merge", expected: AdapterConfiguration.fileName,
                got: "no such file", at: directory,
                remedy: "name the checkpoint of a run with finetune.trained: lora")
        }
        let loaded = try LoadedModel(directory, base: base, device: compute.makeDevice())
        let change = try merge(loaded, at: directory)
        try loaded.file().publish(at: output, isReplacing: isReplacing)
        Console.line(
            "merged \(change.tensorCount) of \(loaded.model.baseParameters.count) tensors into "
                + "\(output); on the probe the logits, at most \(change.largestLogit), differ by at "
                + "most \(change.difference)")
    }

    private struct Change {
        let tensorCount: Int
        let largestLogit: Float
        let difference: Float
    }

    private func merge(_ loaded: LoadedModel, at directory: String) throws -> Change {
        let model = loaded.model
        let before = try scores(loaded)
        let weights = model.baseParameters.map { model.parameters.value(of: $0).array }
        model.mergeAdapters()
        let changed = zip(model.baseParameters, weights).count { parameter, old in
            model.parameters.value(of: parameter).array != old
        }
        guard changed > 0 else {
            throw Failure(
                "the adapter changes no weight", expected: "a trained adapter", got: "B is 0",
                at: directory, remedy: "train it for some steps")
        }
        let after = try scores(loaded)
        guard (before + after).allSatisfy(\.isFinite) else {
            throw Failure(
                "the model gives no probabilities on the probe", expected: "numbers as logits",
                got: "some that are not finite", at: directory,
                remedy: "take an earlier checkpoint of the adapter")
        }
        let difference = zip(before, after).map { abs($0 - $1) }.max() ?? 0
        let largest = before.map(abs).max() ?? 0
        guard difference <= Self.tolerance * max(1, largest) else {
            throw Failure(
                "the merged model computes something else",
                expected: "logits within \(Self.tolerance * max(1, largest)) of before",
                got: "a difference of \(difference)", at: directory, remedy: "report this")
        }
        return Change(tensorCount: changed, largestLogit: largest, difference: difference)
    }

    /// Logits of all positions of the probe, or the scores of the classes after it.
    private func scores(_ loaded: LoadedModel) throws -> [Float] {
        let model = loaded.model
        let ids = try probeIDs(loaded).prefix(model.configuration.contextLength)
        guard !ids.isEmpty else {
            throw Failure("the probe text is empty", remedy: "give it some words", kind: .usage)
        }
        let inputs = model.device.tensor(Array(ids), shape: [1, ids.count])
        let tape = Tape(device: model.device)
        guard loaded.labels == nil else {
            return model.classScores(tape, inputs: inputs, rows: [ids.count - 1]).value.array
        }
        return model.logits(tape, inputs: inputs).value.array
    }

    private func probeIDs(_ loaded: LoadedModel) throws -> [Int32] {
        if let probe { return try loaded.tokenizer.encode(probe) }
        return (try? loaded.tokenizer.encode(Self.defaultProbe))
            ?? Array(0..<Int32(loaded.tokenizer.vocabularySize))
    }
}
