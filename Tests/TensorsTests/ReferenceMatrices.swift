import Tensors

/// Products and transposes of matrices, element by element.
extension Reference {
    /// The last two axes swapped.
    var transposed: Reference {
        let (rows, columns) = (shape[shape.count - 2], columnCount)
        var out = Reference(zeros: shape.dropLast(2) + [columns, rows])
        for start in stride(from: 0, to: count, by: rows * columns) {
            for r in 0..<rows {
                for c in 0..<columns {
                    out.values[start + c * rows + r] = values[start + r * columns + c]
                }
            }
        }
        return out
    }

    /// [..., M, K] x [..., K, N] -> [..., M, N].
    func product(_ b: Reference) -> Reference {
        let (m, k, n) = (shape[shape.count - 2], columnCount, b.columnCount)
        var out = Reference(zeros: shape.dropLast() + [n])
        for index in 0..<shape.dropLast(2).reduce(1, *) {
            for row in 0..<m {
                for column in 0..<n {
                    var sum = 0.0
                    for i in 0..<k {
                        sum +=
                            values[(index * m + row) * k + i]
                            * b.values[(index * k + i) * n + column]
                    }
                    out.values[(index * m + row) * n + column] = sum
                }
            }
        }
        return out
    }

    /// x w + b over the last axis.
    func linear(_ weight: Reference, _ bias: Reference? = nil) -> Reference {
        var out = reshaped([rowCount, columnCount]).product(weight)
            .reshaped(shape.dropLast() + [weight.columnCount])
        if let bias {
            for i in out.values.indices { out.values[i] += bias.values[i % bias.count] }
        }
        return out
    }
}
