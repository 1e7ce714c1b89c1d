import Collectives
import Datasets
import Diagnostics
import Evaluation
import Foundation
import JSON
import ModelFiles
import Tensors
import Tokenizers
import Training

/// `evaluate`: loss, perplexity and bits per byte of a model on token shards.
package struct EvaluatePhase {
    package let communicator: any Communicator
    package let compute: ComputeResources

    package init(communicator: any Communicator, compute: ComputeResources) {
        (self.communicator, self.compute) = (communicator, compute)
    }

    /// Windows in one forward pass.
    private static let portionSize = 8
    /// How the weights lie in memory.
    package var weights = HeldWeights.stored

    package struct Scores {
        /// Nats per token.
        package let loss: Double
        package let tokenCount: Int
        package let byteCount: Int

        /// Total nats / ln 2 / bytes of the scored text.
        package var bitsPerByte: Double { loss * Double(tokenCount) / log(2) / Double(byteCount) }

        package var json: JSONValue {
            .object([
                "loss": .number(loss), "perplexity": .number(exp(loss)),
                "bits_per_byte": .number(bitsPerByte), "tokens": .integer(tokenCount),
            ])
        }
    }

    package func run(
        model directory: String, base: String? = nil, data: String, sequenceLength: Int?,
        placement: DataPlacement = .shared
    ) throws -> Scores {
        let device = compute.makeDevice()
        let gathered =
            try placement == .local
            ? TokenStream.gathered(data, split: .validation, over: communicator) : nil
        let (model, tokenizer, loss, inputs) = try communicator.agree {
            let (model, tokenizer) = try LoadedModel.load(
                directory, base: base, device: device,
                copyCount: communicator.neighbourCount, weights: weights)
            let stream = try gathered ?? TokenStream(resolving: data, split: .validation)
            try stream.require(tokenizer)
            let length = sequenceLength ?? model.configuration.contextLength
            guard length <= model.configuration.contextLength else {
                throw Failure(
                    "--sequence-length",
                    expected: "at most the model's context length, "
                        + "\(model.configuration.contextLength)", got: "\(length)", kind: .usage)
            }
            return (
                model, tokenizer,
                try ValidationLoss(
                    stream: stream, sequenceLength: length, portionSize: Self.portionSize),
                RankInputs(stream) + RankInputs(model, at: directory)
            )
        }
        try inputs.requireEqual(over: communicator)
        let total = try watched(loss).total(model, over: communicator)
        let own = try ownBytes(of: loss, tokenizer)
        let byteCount = Int(try communicator.allReduce([Int64(own)], .sum)[0])
        return Scores(
            loss: total.average, tokenCount: Int(total.weight), byteCount: byteCount)
    }

    /// The same loss, with a bar on a terminal.
    private func watched(_ loss: ValidationLoss) -> ValidationLoss {
        guard communicator.rank == 0, let bar = WorkBar("evaluating") else { return loss }
        var loss = loss
        loss.whenScored = { bar.show($0, of: $1) }
        return loss
    }

    /// Bytes of this rank's share of the scored tokens as text; an end of text is none. Collective.
    private func ownBytes(of loss: ValidationLoss, _ tokenizer: any Tokenizer) throws -> Int {
        let lengths = try communicator.agree {
            try (0..<Int32(tokenizer.vocabularySize)).map { id in
                id == tokenizer.endOfTextID ? 0 : try tokenizer.bytes(of: [id]).count
            }
        }
        var total = 0
        try loss.forEachOwnTargets(over: communicator) { targets in
            total += targets.reduce(0) { $0 + lengths[Int($1)] }
        }
        return total
    }
}
