/// Comparisons as matches of models, each known by its number.
struct Matches {
    struct Match {
        let first: Int
        let second: Int
        /// The share of the win that goes to the first.
        let outcome: Double
    }

    let models: [String]
    /// In the order in which they were judged.
    var all: [Match]

    /// - Parameter comparisons: those without an outcome, and of a model with itself, are passed over.
    init(_ comparisons: [Comparison]) {
        let models = comparisons.models
        let numbers = Dictionary(uniqueKeysWithValues: zip(models, models.indices))
        self.models = models
        all = comparisons.compactMap { one in
            guard let outcome = one.outcome, one.first.model != one.second.model,
                let first = numbers[one.first.model], let second = numbers[one.second.model]
            else { return nil }
            return Match(first: first, second: second, outcome: outcome)
        }
    }

    /// As many of them, drawn with replacement.
    func sample(_ round: Int) -> Matches {
        var (random, sample) = (PythonRandom(seed: UInt32(round)), self)
        for index in all.indices {
            sample.all[index] = all[Int(random.uniform() * Double(all.count))]
        }
        return sample
    }

    /// What each model has won of each other one: wins [model][other].
    var wins: [[Double]] {
        let zeros = [Double](repeating: 0, count: models.count)
        var wins = [[Double]](repeating: zeros, count: models.count)
        for match in all {
            wins[match.first][match.second] += match.outcome
            wins[match.second][match.first] += 1 - match.outcome
        }
        return wins
    }
}
