import Diagnostics
import Objectives
import Options

/// How answers that are preferred are learnt, with `finetune.task: preference`.
package struct PreferenceOptions: OptionBlock {
    /// How far the model may leave the reference: the less, the higher; usual 0.05 to 0.5.
    package var beta = 0.1
    /// Share of the pairs that are taken to be the wrong way round, in sigmoid, robust, simpo and cpo;
    /// usual 0 to 0.2.
    package var labelSmoothing = 0.0
    /// The margin of simpo; usual 0.3 to 1.6.
    package var gamma = 0.5
    /// The model that the losses compare with: base is the one that training starts with; else a model
    /// directory, or a file *.h5 that keeps what base says of all examples, and is made if it is not there.
    package var reference = Self.base
    /// How much each loss counts.
    package var losses = PreferenceLossOptions()

    package init() {}

    private static let base = "base"

    package static var fields: [OptionField<PreferenceOptions>] {
        [
            OptionField("beta", \.beta, .aboveZero, .decidesWeights).addedLater,
            OptionField("label_smoothing", \.labelSmoothing, .fromZeroBelowOne, .decidesWeights)
                .addedLater,
            OptionField("gamma", \.gamma, .atLeast(0), .decidesWeights).addedLater
                .when(.given("finetune.preference.losses.simpo")),
            OptionField("reference", \.reference, .decidesWeights).naming(.inputOrName).addedLater,
        ]
    }

    /// The file in which is stored what the model that training starts with says of the examples.
    package var storedReference: String? { reference.hasSuffix(".h5") ? reference : nil }

    /// The directory of a reference that is not the model that training starts with.
    package var namedReference: String? {
        reference == Self.base || storedReference != nil ? nil : reference
    }

    package var settings: PreferenceSettings {
        var settings = PreferenceSettings()
        settings.weights = losses.weights
        (settings.beta, settings.smoothing, settings.gamma) = (beta, labelSmoothing, gamma)
        return settings
    }

    /// - Throws: a usage `Failure` for losses that do not fit each other, or the rest.
    package func validate(globalBatchSize: Int) throws {
        let weights = losses.weights
        if weights[.kto] != nil, weights.count > 1 {
            throw Failure(
                FailureText("\(key: "finetune.preference.losses.kto") is not added to others"),
                expected: "kto alone, which learns from single answers, or losses of pairs",
                got: losses.names, remedy: "leave out one of them", kind: .usage)
        }
        if weights[.kto] != nil, globalBatchSize < 2 {
            throw Failure(
                FailureText("\(key: "finetune.train.global_batch_size") is too small for kto"),
                expected: "at least 2: it compares answers to different prompts",
                got: "\(globalBatchSize)", remedy: "raise it", kind: .usage)
        }
        if weights[.robust] != nil, labelSmoothing >= 0.5 {
            throw Failure(
                FailureText(
                    "\(key: "finetune.preference.label_smoothing") is too large for robust"),
                expected: "below 0.5", got: "\(labelSmoothing)", remedy: "lower it", kind: .usage)
        }
    }
}

/// How much each loss of preference tuning counts.
package struct PreferenceLossOptions: OptionBlock {
    /// The losses that are given.
    private var given: [PreferenceLoss: Double] = [:]

    package init() {}

    /// The weight of a loss; nil where none is given.
    package subscript(loss: PreferenceLoss) -> Double? {
        get { given[loss] }
        set { given[loss] = newValue }
    }

    package static var fields: [OptionField<PreferenceLossOptions>] {
        PreferenceLoss.allCases.map { loss in
            OptionField(loss.rawValue, \PreferenceLossOptions.[loss], .aboveZero, .decidesWeights)
                .addedLater
        }
    }

    /// The losses that count; sigmoid where none is given.
    package var weights: [PreferenceLoss: Double] { given.isEmpty ? [.sigmoid: 1] : given }

    /// Their names.
    var names: String {
        PreferenceLoss.allCases.filter { weights[$0] != nil }.map(\.rawValue)
            .joined(separator: ", ")
    }
}
