import Diagnostics
import Options
import Tensors

/// How a student learns from a teacher, with `finetune.task: distillation`.
package struct DistillationOptions: OptionBlock {
    /// What is made small, see `Divergence`.
    package enum Kind: String, OptionChoice {
        /// KL(teacher | student): the student covers all that the teacher may say.
        case forward
        /// KL(student | teacher): the student says only what the teacher may.
        case reverse
        /// Generalised Jensen-Shannon, between the two.
        case jsd
    }

    /// The model that is learnt from: a directory, an adapter, a GGUF file or a run.
    package var teacher: String?
    /// What is made small; usual jsd.
    package var divergence = Kind.jsd
    /// The share of the teacher in the mixture of jsd: near 0 as forward, near 1 as reverse; usual 0.1 to 0.9.
    package var beta = 0.5
    /// Divides the logits of both; usual 0.9 to 2.
    package var temperature = 0.9
    /// The share of steps whose answers the student writes itself, after the prompts of the examples; usual 0
    /// to 1.
    package var onPolicy = 0.0
    /// Tokens of such an answer at most; usual 64 to 256.
    package var maximumNewTokens = 128
    /// The likeliest tokens of the teacher that count one by one, all others as one; by default all count.
    package var topK: Int?
    /// A file *.h5 that keeps those tokens for all examples, and is made if it is not there; by default
    /// the teacher reads each batch.
    package var stored: String?

    package init() {}

    package static var fields: [OptionField<DistillationOptions>] {
        [
            OptionField("teacher", \.teacher, .decidesWeights).naming(.input).addedLater,
            OptionField("divergence", \.divergence, .decidesWeights).addedLater,
            OptionField("beta", \.beta, .fromZeroBelowOne, .decidesWeights).addedLater
                .when(.key("divergence", is: "jsd")),
            OptionField("temperature", \.temperature, .aboveZero, .decidesWeights).addedLater,
            OptionField("on_policy", \.onPolicy, .fromZeroToOne, .decidesWeights).addedLater,
            OptionField("maximum_new_tokens", \.maximumNewTokens, .atLeast(1), .decidesWeights)
                .addedLater.when(.key("on_policy", isNot: "0.0")),
            OptionField("top_k", \.topK, .atLeast(1), .decidesWeights).addedLater,
            OptionField("stored", \.stored, .changesFreely).naming(.output).addedLater,
        ]
    }

    /// The divergence that is made small.
    var measure: Divergence {
        let beta: Float =
            switch divergence {
            case .forward: 0
            case .reverse: 1
            case .jsd: Float(beta)
            }
        return Divergence(beta: beta, temperature: Float(temperature))
    }

    /// - Throws: a usage `Failure` for keys that do not fit each other, or the rest.
    package func validate(besides options: FineTuneOptions) throws {
        if onPolicy > 0 { try checkOnPolicy(besides: options) }
        if let topK, topK > LikeliestTokens.mostCount {
            throw Failure(
                FailureText("\(key: "finetune.distillation.top_k")"),
                expected: "at most \(LikeliestTokens.mostCount)", got: "\(topK)",
                remedy: "lower it, or leave it out: then all tokens count", kind: .usage)
        }
        guard let stored else { return }
        guard topK != nil else {
            throw Failure(
                FailureText(
                    "\(key: "finetune.distillation.stored") needs \(key: "finetune.distillation.top_k")"
                ),
                expected: "the number of tokens that are kept, such as 64", got: "none",
                remedy: "set it: all logits of a text are too much for a file", kind: .usage)
        }
        guard stored.hasSuffix(".h5") else {
            throw Failure(
                FailureText("\(key: "finetune.distillation.stored")"),
                expected: "a name that ends in .h5", got: stored, remedy: "rename it", kind: .usage)
        }
    }

    /// What nobody knows of the student's own answers beforehand cannot be stored; and each of them answers
    /// one prompt.
    private func checkOnPolicy(besides options: FineTuneOptions) throws {
        func refuse(_ key: String, _ got: String) throws {
            throw Failure(
                FailureText(
                    "\(key: key) does not fit \(key: "finetune.distillation.on_policy")"),
                expected: "on_policy 0 beside it", got: "\(onPolicy) beside \(got)",
                remedy: "leave out one of them", kind: .usage)
        }
        if let stored { try refuse("finetune.distillation.stored", stored) }
        if options.packing != .none {
            try refuse("finetune.packing", "\(options.packing.optionValue)")
        }
        if options.lossOn != .answers { try refuse("finetune.loss_on", options.lossOn.rawValue) }
    }
}
