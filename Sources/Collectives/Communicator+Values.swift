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

extension Communicator {
    /// Reduces each element over the ranks; `values` has the same count on all of them.
    package func allReduce(_ values: [Int64], _ reduction: IntegerReduction) throws -> [Int64] {
        var values = values
        try values.withUnsafeMutableBufferPointer { try allReduce($0, reduction) }
        return values
    }

    // Doubles are gathered and folded in rank order on every rank: for a few numbers that costs what
    // MPI_Allreduce costs, and its order is fixed.

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
            let counts = Array(repeating: bytes.count, count: worldSize)
            try all.withUnsafeMutableBytes { try allGather(bytes, counts: counts, into: $0) }
        }
        return all
    }

    /// The bytes of every rank, which may differ in size, in rank order.
    package func allGather(ofAnySize bytes: [UInt8]) throws -> [[UInt8]] {
        let counts = try allGather([Int64(bytes.count)]).map(Int.init)
        var all = [UInt8](repeating: 0, count: counts.reduce(0, +))
        try all.withUnsafeMutableBytes { all in
            try bytes.withUnsafeBytes { try allGather($0, counts: counts, into: all) }
        }
        var start = 0
        return counts.map { count in
            defer { start += count }
            return Array(all[start..<start + count])
        }
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
