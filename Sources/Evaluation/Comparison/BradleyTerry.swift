import Foundation

/// The strengths of models that make the outcomes likeliest, whatever their order.
///
/// The probability that a is better than b is s(t_a - t_b), s the logistic function; a draw is half a win
/// for both. The strengths t add up to 0; a rating is 1000 + 400 t / ln 10, so that the differences are
/// those of Elo. Source: Bradley and Terry (1952); found by Newton's method.
struct BradleyTerry {
    /// What each model has won of each other one.
    let wins: [[Double]]

    /// Holds strengths together that nothing else does, and is far too weak to be seen elsewhere.
    private static let restraint = 1e-6
    private static let stepLimit = 200

    /// A rating for each model.
    var ratings: [Double] {
        strengths.map { EloRating.start + EloRating.scale / log(10) * $0 }
    }

    /// t of each model.
    var strengths: [Double] {
        var strengths = [Double](repeating: 0, count: wins.count)
        var value = loss(strengths)
        for _ in 0..<Self.stepLimit {
            let step = newtonStep(strengths)
            guard (step.map(abs).max() ?? 0) > 1e-11 else { break }
            var share = 1.0
            var (next, nextValue) = (strengths, value)
            repeat {
                next = zip(strengths, step).map { $0 + share * $1 }
                nextValue = loss(next)
                share /= 2
            } while nextValue > value && share > 1e-9
            guard nextValue <= value else { break }
            (strengths, value) = (next, nextValue)
        }
        let mean = strengths.reduce(0, +) / Double(max(1, strengths.count))
        return strengths.map { $0 - mean }
    }

    /// Whether the outcomes bound all strengths: each model has won something, directly or over others, of
    /// each other one.
    var isBounded: Bool {
        reach { wins[$0][$1] > 0 } && reach { wins[$1][$0] > 0 }
    }

    /// Whether all models are reached from the first.
    private func reach(_ isStep: (Int, Int) -> Bool) -> Bool {
        var (seen, open): (Set<Int>, [Int]) = ([0], [0])
        while let model = open.popLast() {
            for next in wins.indices where isStep(model, next) && seen.insert(next).inserted {
                open.append(next)
            }
        }
        return seen.count >= wins.count
    }

    // MARK: Newton's method

    private func loss(_ strengths: [Double]) -> Double {
        var sum = strengths.reduce(0) { $0 + Self.restraint / 2 * $1 * $1 }
        for a in wins.indices {
            for b in wins.indices where wins[a][b] > 0 {
                let z = strengths[b] - strengths[a]
                sum += wins[a][b] * (max(z, 0) + log1p(exp(-abs(z))))
            }
        }
        return sum
    }

    private func newtonStep(_ strengths: [Double]) -> [Double] {
        let count = wins.count
        var slope = strengths.map { -Self.restraint * $0 }
        var matrix = [[Double]](
            repeating: [Double](repeating: 0, count: count), count: count)
        for a in 0..<count {
            matrix[a][a] += Self.restraint
            for b in 0..<count where a != b {
                let total = wins[a][b] + wins[b][a]
                let q = 1 / (1 + exp(strengths[b] - strengths[a]))
                slope[a] += wins[a][b] - total * q
                matrix[a][a] += total * q * (1 - q)
                matrix[a][b] -= total * q * (1 - q)
            }
        }
        return Self.solution(&matrix, slope)
    }

    /// The x with A x = b, A symmetric and positive, by Cholesky's method.
    private static func solution(_ a: inout [[Double]], _ b: [Double]) -> [Double] {
        var x = b
        for i in a.indices {
            for j in 0...i {
                var sum = a[i][j]
                for k in 0..<j { sum -= a[i][k] * a[j][k] }
                a[i][j] = i == j ? max(sum, 1e-300).squareRoot() : sum / a[j][j]
            }
        }
        for i in a.indices {
            for k in 0..<i { x[i] -= a[i][k] * x[k] }
            x[i] /= a[i][i]
        }
        for i in a.indices.reversed() {
            for k in a.indices where k > i { x[i] -= a[k][i] * x[k] }
            x[i] /= a[i][i]
        }
        return x
    }
}
