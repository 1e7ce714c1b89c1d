extension Communicator {
    /// One number for each chunk; each rank gives those of its own slices, all ranks get all, in the
    /// order of the chunks.
    ///
    /// - Parameter values: as many as there are chunks; those of other ranks are not read.
    func gatherChunks(_ values: [Double], in buckets: GradientBuckets) throws -> [Double] {
        let own = buckets.chunks(ofRank: rank).map { values[$0] }
        let gathered = try allGather(ofAnySize: own.withUnsafeBytes(Array.init))

        var all = values
        for (rank, bytes) in gathered.enumerated() {
            bytes.withUnsafeBytes { bytes in
                for (position, index) in buckets.chunks(ofRank: rank).enumerated() {
                    let offset = position * MemoryLayout<Double>.stride
                    all[index] = bytes.loadUnaligned(fromByteOffset: offset, as: Double.self)
                }
            }
        }
        return all
    }
}
