import Diagnostics
import Options

/// The length of a run, in one of three ways.
package struct RunLength: Equatable, Sendable {
    package var steps: Int?
    package var tokens: Int?
    package var epochs: Double?

    package init(steps: Int? = nil, tokens: Int? = nil, epochs: Double? = nil) {
        (self.steps, self.tokens, self.epochs) = (steps, tokens, epochs)
    }
}

extension TrainOptions {
    /// The length of the run as the recipe gives it.
    package var length: RunLength {
        get { RunLength(steps: steps, tokens: tokens, epochs: epochs) }
        set { (steps, tokens, epochs) = (newValue.steps, newValue.tokens, newValue.epochs) }
    }

    /// The steps of the run as far as they are known without the data; nil where they are not.
    package var stepCountWithoutData: Int? {
        guard epochs == nil else { return nil }
        return try? stepCount(windowCount: 1)
    }

    /// The steps of the run over `windowCount` windows (W).
    ///
    /// steps, ceil(tokens / (B T)) or ceil(epochs W / B).
    ///
    /// - Throws: A usage `Failure` where the length is missing, or where there is no window.
    package func stepCount(windowCount: Int) throws -> Int {
        guard windowCount > 0 else {
            throw Failure(
                "the training shards hold no full window",
                expected: FailureText("more than \(key: "train.sequence_length") tokens"),
                remedy: FailureText("lower \(key: "train.sequence_length") or prepare more text"),
                kind: .usage)
        }
        try validateLength()
        if let steps { return steps }
        if let tokens { return try stepCount(tokens: tokens) }
        return try stepCount(epochs: epochs ?? 0, windowCount: windowCount)
    }

    /// Throws a usage `Failure` where the length of the run is not given exactly once, or where
    /// the lanes do not divide the global batch.
    package func validate() throws {
        try validateLength()
        try validateSize()
        if let lanes { try validate(lanes: lanes, named: "\(key: "train.lanes")") }
    }

    /// Throws where `lanes` (from the recipe, or the world size) do not divide the global batch.
    package func validate(lanes: Int, named name: FailureText) throws {
        guard !globalBatchSize.isMultiple(of: lanes) else { return }
        let nearest = Divisors(of: globalBatchSize).nearest(to: lanes)
        throw Failure(
            FailureText("\(name) does not divide \(key: "train.global_batch_size")"),
            expected: "a divisor of \(globalBatchSize)", got: "\(lanes)",
            remedy: "use \(Divisors.list(nearest))", kind: .usage)
    }

    /// Sequences in a step, and tokens in a step: far above what a cluster can hold, and small enough
    /// for products with the step.
    private static let maximumBatchSize = Int(Int32.max)
    private static let maximumTokenCount = 1 << 36
    private static let maximumStepCount = 1 << 26

    private func validateSize() throws {
        func require(_ value: Int?, _ key: String, atMost most: Int) throws {
            guard let value, value > most else { return }
            throw Failure(
                FailureText("\(key: key)"), expected: "at most \(most)", got: "\(value)",
                remedy: "lower it",
                kind: .usage)
        }
        try require(globalBatchSize, "train.global_batch_size", atMost: Self.maximumBatchSize)
        try require(
            sequenceLength, "train.sequence_length",
            atMost: Self.maximumTokenCount / globalBatchSize)
        try require(steps, "train.steps", atMost: Self.maximumStepCount)
    }

    private func validateLength() throws {
        let set = [
            steps.map { ("steps", "\($0)") }, tokens.map { ("tokens", "\($0)") },
            epochs.map { ("epochs", "\($0)") },
        ].compactMap { $0 }
        guard set.count != 1 else { return }
        throw Failure(
            set.isEmpty
                ? FailureText("\(key: "train.steps") is missing")
                : "the length of the run is given twice",
            expected: FailureText(
                "one of \(key: "train.steps"), \(key: "train.tokens") and \(key: "train.epochs")"),
            got: set.isEmpty ? "none" : set.map { "\($0) \($1)" }.joined(separator: " and "),
            remedy: set.isEmpty
                ? FailureText("add \(key: "train.steps")=N")
                : "keep one: "
                    + set.map { FailureText("\(key: "train.\($0.0)")=null") }
                    .joined(separator: " or "),
            kind: .usage)
    }

    private func stepCount(tokens: Int) throws -> Int {
        guard let sequenceLength else {
            throw Failure(
                FailureText("\(key: "train.sequence_length") is missing"),
                expected: FailureText(
                    "the tokens in a sequence, to count \(key: "train.tokens") in steps"),
                remedy: "set it", kind: .usage)
        }
        let (stepTokens, overflow) = globalBatchSize.multipliedReportingOverflow(by: sequenceLength)
        guard !overflow else { return 1 }
        let (quotient, remainder) = tokens.quotientAndRemainder(dividingBy: stepTokens)
        return quotient + (remainder > 0 ? 1 : 0)
    }

    private func stepCount(epochs: Double, windowCount: Int) throws -> Int {
        let product = epochs * Double(windowCount)
        let whole = product.rounded()
        // 0.07 * 100 is 7.000000000000001: such a hair must not become a window.
        let windows = abs(product - whole) <= 4 * whole.ulp ? whole : product
        let steps = max(1, (windows / Double(globalBatchSize)).rounded(.up))
        guard let count = Int(exactly: steps), count <= Self.maximumStepCount else {
            throw Failure(
                FailureText("\(key: "train.epochs")"),
                expected: "at most \(Self.maximumStepCount) steps",
                got: "\(epochs)", remedy: "lower it", kind: .usage)
        }
        return count
    }
}
