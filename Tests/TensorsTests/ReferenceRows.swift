import Foundation
import Tensors

/// Operations on each element or each row.
extension Reference {
    func gelu(_ form: GELUForm) -> Reference {
        map { x in
            switch form {
            case .tanh:
                x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            case .exact: x / 2 * erfc(-x / 2.0.squareRoot())
            }
        }
    }

    func mapRows(_ transform: ([Double]) -> [Double]) -> Reference {
        var out: [Double] = []
        for row in 0..<rowCount {
            out += transform(Array(values[row * columnCount..<(row + 1) * columnCount]))
        }
        return Reference(shape: shape, values: out)
    }

    var softmax: Reference {
        mapRows { row in
            let peak = row.max() ?? 0
            let exponentials = row.map { exp($0 - peak) }
            let sum = exponentials.reduce(0, +)
            return exponentials.map { $0 / sum }
        }
    }

    func layerNorm(gain: Reference, bias: Reference, epsilon: Double) -> Reference {
        mapRows { row in
            let n = Double(row.count)
            let mean = row.reduce(0, +) / n
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
            return row.indices.map {
                (row[$0] - mean) / (variance + epsilon).squareRoot() * gain.values[$0]
                    + bias.values[$0]
            }
        }
    }

    /// Sum of the losses of the counted rows.
    func crossEntropy(_ targets: [Int32]) -> Double {
        var sum = 0.0
        for (row, target) in targets.enumerated() where target >= 0 {
            let z = values[row * columnCount..<(row + 1) * columnCount]
            let peak = z.max() ?? 0
            sum += log(z.reduce(0) { $0 + exp($1 - peak) }) + peak
            sum -= values[row * columnCount + Int(target)]
        }
        return sum
    }
}
