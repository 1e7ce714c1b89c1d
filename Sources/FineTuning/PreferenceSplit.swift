import Datasets
import Diagnostics
import Tokenizers

/// The preferences of a recipe: those to learn from, and those that are held out.
struct PreferenceSplit {
    private(set) var train: [Preference] = []
    private(set) var validation: [Preference] = []
    let log: RecordLog
    /// What was read and is not learnt from.
    private(set) var notes: [String] = []

    init(
        _ options: FineTuneOptions, learnsFromLabels: Bool = false, _ template: ChatTemplate,
        seed: Int
    ) throws {
        var (log, judgements) = (RecordLog(options.onBadRecord), Judgements())
        func read(_ paths: [String]) throws -> [Preference] {
            try paths.flatMap { path in
                var file = PreferenceFile(
                    path: path, inputBegin: template.inputBegin, mentions: template.mentions)
                (file.columns, file.encoding) = (options.columns.columns, options.encoding)
                if options.task == .reward { file.marginField = options.reward.marginField }
                return try file.preferences(&log, &judgements)
            }
        }
        let all = try Self.used(
            try read(options.data), learnsFromLabels, of: options.data, &notes)
        let named = try read(options.validation)
        try log.requireMostUsed()
        let split = try ExampleSplit(
            count: all.count, fraction: named.isEmpty ? options.validationFraction : 0,
            seed: UInt64(seed))
        train = split.train.map { all[$0] }
        validation = named.isEmpty ? split.validation.map { all[$0] } : named
        self.log = log
        if judgements.tieCount > 0 {
            notes.append(
                "\(Quantity.count(judgements.tieCount, "rating")) without a better answer: left out"
            )
        }
    }

    /// The preferences from which the losses can learn.
    private static func used(
        _ all: [Preference], _ learnsFromLabels: Bool, of paths: [String],
        _ notes: inout [String]
    ) throws -> [Preference] {
        let pairs = learnsFromLabels ? all : all.filter(\.isPair)
        guard !pairs.isEmpty || all.isEmpty else {
            throw Failure(
                "there are single answers only, and losses of pairs learn nothing from them",
                expected: "pairs of a better and a worse answer",
                got: "\(all.count) labelled answers", at: paths.joined(separator: ", "),
                remedy: FailureText(
                    "set \(key: "finetune.task")=preference and \(key: "finetune.preference.losses.kto"), which learns from labels"
                ))
        }
        if pairs.count < all.count {
            notes.append(
                "\(Quantity.count(all.count - pairs.count, "single answer")) left out: these losses "
                    + "learn from pairs")
        }
        return pairs
    }
}
