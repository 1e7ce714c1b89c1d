import Diagnostics

/// Examples of several classes cut into three parts, each class in the same proportions: a function of
/// the classes and the seed alone.
package struct StratifiedSplit: Equatable, Sendable {
    /// Indices of examples, ascending.
    package let train: [Int]
    package let validation: [Int]
    package let test: [Int]

    /// - Parameters:
    ///   - classes: of each example.
    ///   - trainFraction: share for training; usual 0.7.
    ///   - validationFraction: usual 0.1; what is left is for the test.
    ///   - isBalanced: takes as many of each class as the smallest one has, and leaves the others out.
    ///   - seed: decides which examples come into which part.
    /// - Throws: `Failure` where a class would have no example to train on.
    package init(
        classes: [Int], labels: ClassLabels, trainFraction: Double, validationFraction: Double,
        isBalanced: Bool, seed: UInt64
    ) throws(Failure) {
        precondition(
            trainFraction > 0 && validationFraction >= 0
                && trainFraction + validationFraction <= 1 + 1e-9,
            "expected fractions of one whole, got \(trainFraction) and \(validationFraction)")
        let members = Dictionary(grouping: classes.indices) { classes[$0] }
        let smallest = labels.names.indices.map { members[$0]?.count ?? 0 }.min() ?? 0
        var (train, validation, test): ([Int], [Int], [Int]) = ([], [], [])
        for number in labels.names.indices {
            let own = members[number] ?? []
            let count = isBalanced ? smallest : own.count
            let trainEnd = Int((trainFraction * Double(count)).rounded())
            let validationEnd = min(
                count, Int(((trainFraction + validationFraction) * Double(count)).rounded()))
            guard trainEnd > 0 else {
                throw Failure(
                    "a class has no example to train on",
                    expected: "more than \(own.count) of \(labels.names[number])",
                    got: "\(trainFraction) of them", remedy: "give more examples of it")
            }
            // Epochs count from 0: no class has the order of one.
            let order = KeyedPermutation(count: own.count, seed: seed, epoch: -1 - number)
            let shuffled = (0..<count).map { own[order[$0]] }
            train += shuffled[..<trainEnd]
            validation += shuffled[trainEnd..<validationEnd]
            test += shuffled[validationEnd...]
        }
        (self.train, self.validation, self.test) = (
            train.sorted(), validation.sorted(), test.sorted()
        )
    }
}
