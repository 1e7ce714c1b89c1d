import CKernels

extension Communicator {
    /// The sum of squares, in double, of each chunk of `values`, the flat list of parameters.
    ///
    /// Each rank reads its own slices alone; all ranks get all sums, in the order of the chunks.
    package func chunkSquareSums(
        of values: UnsafeBufferPointer<Float>, in buckets: GradientBuckets
    ) throws -> [Double] {
        precondition(
            values.count == buckets.parameterCount,
            "expected \(buckets.parameterCount) elements, got \(values.count)")
        let own = buckets.chunks(ofRank: rank).map { index in
            let chunk = UnsafeBufferPointer(rebasing: values[buckets.chunk(index)])
            return chunk.baseAddress.map { swift_llm_sum_of_squares($0, chunk.count) } ?? 0
        }
        let gathered = try allGather(ofAnySize: own.withUnsafeBytes(Array.init))

        var sums = [Double](repeating: 0, count: buckets.chunkCount)
        for (rank, bytes) in gathered.enumerated() {
            bytes.withUnsafeBytes { bytes in
                for (position, index) in buckets.chunks(ofRank: rank).enumerated() {
                    let offset = position * MemoryLayout<Double>.stride
                    sums[index] = bytes.loadUnaligned(fromByteOffset: offset, as: Double.self)
                }
            }
        }
        return sums
    }

    /// The Euclidean norm of the flat list, its chunks added in index order: the same bits on any
    /// number of ranks.
    package func globalNorm(
        of values: UnsafeBufferPointer<Float>, in buckets: GradientBuckets
    ) throws -> Double {
        try chunkSquareSums(of: values, in: buckets).reduce(0, +).squareRoot()
    }
}
