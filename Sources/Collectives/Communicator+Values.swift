/// The ways in which whole numbers of all ranks become one.
package enum IntegerReduction: Sendable {
    case minimum, maximum, sum
}

/// The ways in which floating-point numbers of all ranks become one; each gives all ranks the same
/// bits.
package enum DoubleReduction: Sendable {
    /// NaN where any rank has NaN.
    case minimum, maximum
    /// Added in rank order: the bits depend on the world size, not on chance.
    case sum
}

// Small reductions gather all values and fold them in rank order on every rank: for a few numbers
// that costs what MPI_Allreduce costs, its order is fixed, and one process runs the same code.
extension Communicator {
    /// Reduces each element over the ranks; `values` has the same count on all of them.
    package func allReduce(_ values: [Int64], _ reduction: IntegerReduction) throws -> [Int64] {
        try gatheredFold(values) { left, right in
            switch reduction {
            case .minimum: min(left, right)
            case .maximum: max(left, right)
            case .sum: left + right
            }
        }
    }

    /// Reduces each element over the ranks; `values` has the same count on all of them.
    package func allReduce(_ values: [Double], _ reduction: DoubleReduction) throws -> [Double] {
        try gatheredFold(values) { left, right in
            switch reduction {
            case .minimum: left.isNaN || right.isNaN ? .nan : min(left, right)
            case .maximum: left.isNaN || right.isNaN ? .nan : max(left, right)
            case .sum: left + right
            }
        }
    }

    /// The highest flag that any rank raises: the cheap way to agree on a decision of every step.
    package func agreedMaximum(of flag: Int64) throws -> Int64 {
        try allReduce([flag], .maximum)[0]
    }

    /// The values of all ranks, one after the other in rank order; the count is the same on all.
    package func allGather<Value: BitwiseCopyable>(_ values: [Value]) throws -> [Value] {
        guard let first = values.first else { return [] }
        var all = Array(repeating: first, count: worldSize * values.count)
        try values.withUnsafeBytes { bytes in
            try all.withUnsafeMutableBytes { try allGather(bytes, into: $0) }
        }
        return all
    }

    /// Replaces `values` on every rank by those of `root`, whose count may differ.
    package func broadcast<Value: BitwiseCopyable>(
        _ values: [Value], from root: Int
    ) throws -> [Value] {
        var count = [Int64(values.count)]
        try count.withUnsafeMutableBytes { try broadcast($0, from: root) }
        let result = [Value](unsafeUninitializedCapacity: Int(count[0])) { buffer, initialized in
            if rank == root { _ = buffer.initialize(fromContentsOf: values) }
            initialized = Int(count[0])
        }
        return try broadcastInPlace(result, from: root)
    }

    private func broadcastInPlace<Value: BitwiseCopyable>(
        _ values: consuming [Value], from root: Int
    ) throws -> [Value] {
        try values.withUnsafeMutableBytes { try broadcast($0, from: root) }
        return values
    }

    private func gatheredFold<Value: BitwiseCopyable>(
        _ values: [Value], _ combine: (Value, Value) -> Value
    ) throws -> [Value] {
        let all = try allGather(values)
        return values.indices.map { i in
            stride(from: i + values.count, to: all.count, by: values.count)
                .reduce(all[i]) { combine($0, all[$1]) }
        }
    }
}
