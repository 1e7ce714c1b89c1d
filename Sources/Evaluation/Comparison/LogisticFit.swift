import Foundation

/// A logistic regression without a constant on outcomes from 0 to 1.
///
/// It finds the w with the lowest |w|_1 + C sum_i (-p_i log s(w x_i) - (1 - p_i) log(1 - s(w x_i))), s the
/// logistic function, by proximal Newton steps (Yuan, Ho and Lin, 2012), as liblinear does.
struct LogisticFit {
    /// x [rows][features].
    let rows: [[Double]]
    /// p.
    let outcomes: [Double]

    private static let stepLimit = 200
    private static let sweepLimit = 1000

    /// The weights w, one a feature.
    ///
    /// - Parameter cost: C.
    func weights(cost: Double) -> [Double] {
        var weights = [Double](repeating: 0, count: rows.first?.count ?? 0)
        var value = objective(weights, cost)
        for _ in 0..<Self.stepLimit {
            let (gradient, curvature) = derivatives(weights, cost)
            let step = direction(weights, gradient, curvature)
            let largest = step.map(abs).max() ?? 0
            guard largest > 1e-12 * (1 + (weights.map(abs).max() ?? 0)) else { break }
            let decrease = zip(weights, zip(step, gradient)).reduce(0) {
                $0 + $1.1.0 * $1.1.1 + abs($1.0 + $1.1.0) - abs($1.0)
            }
            var share = 1.0
            var next = weights
            var nextValue = value
            repeat {
                next = zip(weights, step).map { $0 + share * $1 }
                nextValue = objective(next, cost)
                share /= 2
            } while nextValue > value + 1e-4 * 2 * share * decrease && share > 1e-12
            guard nextValue < value else { break }
            (weights, value) = (next, nextValue)
        }
        return weights
    }

    /// s(w x).
    static func probability(_ weights: [Double], _ row: [Double]) -> Double {
        1 / (1 + exp(-dot(weights, row)))
    }

    /// The average of p log q + (1 - p) log(1 - q), q the predictions.
    func averageLikelihood(_ weights: [Double]) -> Double {
        zip(rows, outcomes).reduce(0) { sum, entry in
            let q = min(1 - 1e-15, max(1e-15, Self.probability(weights, entry.0)))
            return sum + entry.1 * log(q) + (1 - entry.1) * log(1 - q)
        } / Double(rows.count)
    }

    // MARK: Newton's steps

    private func objective(_ weights: [Double], _ cost: Double) -> Double {
        let loss = zip(rows, outcomes).reduce(0) { sum, entry in
            let z = Self.dot(weights, entry.0)
            // log(1 + e^z) - p z
            return sum + max(z, 0) + log1p(exp(-abs(z))) - entry.1 * z
        }
        return weights.reduce(0) { $0 + abs($1) } + cost * loss
    }

    private func derivatives(
        _ weights: [Double], _ cost: Double
    ) -> (gradient: [Double], curvature: [[Double]]) {
        let size = weights.count
        var gradient = [Double](repeating: 0, count: size)
        var curvature = [[Double]](repeating: gradient, count: size)
        for (row, outcome) in zip(rows, outcomes) {
            let q = Self.probability(weights, row)
            for i in 0..<size {
                gradient[i] += cost * (q - outcome) * row[i]
                for j in 0..<size { curvature[i][j] += cost * q * (1 - q) * row[i] * row[j] }
            }
        }
        for i in 0..<size { curvature[i][i] += 1e-12 }
        return (gradient, curvature)
    }

    /// The d with the lowest gradient d + d curvature d / 2 + |w + d|_1, found coordinate by coordinate.
    private func direction(
        _ weights: [Double], _ gradient: [Double], _ curvature: [[Double]]
    ) -> [Double] {
        var step = [Double](repeating: 0, count: weights.count)
        for _ in 0..<Self.sweepLimit {
            var change = 0.0
            for i in weights.indices {
                let slope = gradient[i] + Self.dot(curvature[i], step)
                let (height, place) = (curvature[i][i], weights[i] + step[i])
                let target = height * place - slope
                let shrunk = target > 1 ? target - 1 : target < -1 ? target + 1 : 0
                let next = shrunk / height - weights[i]
                change = max(change, abs(next - step[i]))
                step[i] = next
            }
            if change <= 1e-14 * (1 + (step.map(abs).max() ?? 0)) { break }
        }
        return step
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }
}
