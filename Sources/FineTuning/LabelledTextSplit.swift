import Datasets
import Diagnostics

/// The texts of a recipe: those to learn from, and those that are held out.
struct LabelledTextSplit {
    let labels: ClassLabels
    private(set) var train: [LabelledText] = []
    private(set) var validation: [LabelledText] = []
    private(set) var test: [LabelledText] = []
    /// Warnings of texts that were left out, and of what looks like a mistake.
    private(set) var warnings: [String] = []
    private(set) var skipped: [SkippedRecord] = []

    /// - Parameter given: the labels of the model; nil takes those of the texts.
    init(_ options: FineTuneOptions, seed: Int, labels given: [String]?) throws {
        var columns = LabelledTextColumns()
        if let text = options.textColumn { columns.text = text }
        if let label = options.labelColumn { columns.label = label }
        var found: [String] = []
        var skipped: [SkippedRecord] = []
        func read(_ paths: [String]) throws -> [LabelledText] {
            let set = try LabelledTextSet(
                reading: paths, columns: columns, encoding: options.encoding, options.onBadRecord)
            skipped += set.log.skipped
            found += set.log.notes
            if let warning = set.warning {
                found.append("\(paths.joined(separator: ", ")): \(warning)")
            }
            return set.texts
        }
        let all = try read(options.data)
        let labels = try given.map { try ClassLabels($0) } ?? ClassLabels(of: all)
        self.labels = labels
        let validationFraction = options.validation.isEmpty ? options.validationFraction : 0
        let testFraction = options.test.isEmpty ? options.testFraction : 0
        guard validationFraction + testFraction < 1 else {
            throw Failure(
                FailureText(
                    "\(key: "finetune.validation_fraction") and test_fraction leave nothing to train on"
                ),
                expected: "less than 1 in all", got: "\(validationFraction + testFraction)",
                remedy: "lower them", kind: .usage)
        }
        let split = try StratifiedSplit(
            classes: try all.map(labels.index), labels: labels,
            trainFraction: 1 - validationFraction - testFraction,
            validationFraction: validationFraction, isBalanced: options.balanced,
            seed: UInt64(seed))
        train = split.train.map { all[$0] }
        validation =
            options.validation.isEmpty
            ? split.validation.map { all[$0] } : try read(options.validation)
        test = options.test.isEmpty ? split.test.map { all[$0] } : try read(options.test)
        self.skipped = skipped
        warnings = found + labels.warnings(of: all)
    }
}
