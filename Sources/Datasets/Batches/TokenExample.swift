/// One sequence to learn from: token ids, and for each position the target that counts there.
package struct TokenExample: Equatable, Sendable {
    package let inputs: [Int32]
    /// As many as inputs; -1 where nothing counts.
    package let targets: [Int32]

    package init(inputs: [Int32], targets: [Int32]) {
        precondition(
            inputs.count == targets.count,
            "expected \(inputs.count) targets, got \(targets.count)")
        self.inputs = inputs
        self.targets = targets
    }
}
