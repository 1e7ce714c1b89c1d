extension TokenStream {
    /// The place of a token of the stream in its shard.
    package struct Place: Equatable, Sendable {
        /// The shard.
        package let path: String
        /// The document in that shard, from 0.
        package let document: Int
    }

    /// - Precondition: the token is in 0..<tokenCount.
    package func place(ofToken token: Int) throws -> Place {
        precondition((0..<tokenCount).contains(token), "\(token) is not in 0..<\(tokenCount)")
        let (shard, position) = try shard(ofToken: token)
        return Place(path: shard.path, document: try shard.document(ofToken: position))
    }
}

extension TokenShard {
    /// The document that holds a token of this shard: the last one that begins at or before it.
    func document(ofToken token: Int) throws -> Int {
        var low = 0
        var high = documentCount
        while high - low > 1 {
            let middle = (low + high) / 2
            let start = try documentOffsets.readUInt64(middle..<middle + 1)[0]
            if start <= UInt64(token) { low = middle } else { high = middle }
        }
        return low
    }
}
