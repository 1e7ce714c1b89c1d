import Collectives

/// Brings triples to the ranks that own them, and sorts them there: what a rank then holds of a key is
/// all that any rank made of it.
package struct TripleShuffle {
    package let communicator: any Communicator
    package let directory: String
    /// Bytes that a rank holds.
    package let memory: Int

    package init(communicator: any Communicator, directory: String, memory: Int) {
        (self.communicator, self.directory, self.memory) = (communicator, directory, memory)
    }

    /// The rank of a triple by its first number.
    package func hashOwner(_ triple: Triple) -> Int {
        Int(TextHash.mixed(triple.a) % UInt64(communicator.worldSize))
    }

    /// Collective.
    ///
    /// - Parameters:
    ///   - name: The name of the pass.
    ///   - owner: The rank that gets a triple.
    ///   - produce: Makes some triples; returns false when there are no more.
    package func run(
        _ name: String, owner: (Triple) -> Int,
        produce: (_ triples: inout [Triple]) throws -> Bool
    ) throws -> TripleSorter {
        let sorter = TripleSorter(
            directory: directory, name: "spill-\(name)-\(communicator.rank)", memory: memory / 2)
        let limit = max(1024, memory / 8 / MemoryLayout<Triple>.size)
        var isMore = true
        repeat {
            var outboxes = [[Triple]](repeating: [], count: communicator.worldSize)
            isMore = try communicator.agree {
                try fill(&outboxes, upTo: limit, isMore, owner, produce)
            }
            try exchange(&outboxes, into: sorter)
        } while try communicator.agreedMaximum(of: isMore ? 1 : 0) != 0
        try communicator.agree { try sorter.sort() }
        return sorter
    }

    private func fill(
        _ outboxes: inout [[Triple]], upTo limit: Int, _ isMore: Bool, _ owner: (Triple) -> Int,
        _ produce: (inout [Triple]) throws -> Bool
    ) throws -> Bool {
        var (count, isMore, made): (Int, Bool, [Triple]) = (0, isMore, [])
        while isMore, count < limit {
            made.removeAll(keepingCapacity: true)
            isMore = try produce(&made)
            for triple in made { outboxes[owner(triple)].append(triple) }
            count += made.count
        }
        return isMore
    }

    private func exchange(_ outboxes: inout [[Triple]], into sorter: TripleSorter) throws {
        let (rank, world) = (communicator.rank, communicator.worldSize)
        // Row r has what rank r sends to each.
        let counts = try communicator.allGather(outboxes.map { Int64($0.count) }).map(Int.init)
        let peers = (0..<world).filter { $0 != rank }
        let inboxes = peers.map { peer in
            UnsafeMutableBufferPointer<Triple>.allocate(capacity: counts[peer * world + rank])
        }
        let sent = peers.map { peer in
            let copy = UnsafeMutableBufferPointer<Triple>.allocate(capacity: outboxes[peer].count)
            _ = copy.initialize(fromContentsOf: outboxes[peer])
            outboxes[peer] = []
            return copy
        }
        defer { for buffer in inboxes + sent { buffer.deallocate() } }
        let sends = zip(peers, sent).filter { !$0.1.isEmpty }
            .map { MessageToSend(to: $0, UnsafeRawBufferPointer($1)) }
        let receives = zip(peers, inboxes).filter { !$0.1.isEmpty }
            .map { MessageToReceive(from: $0, UnsafeMutableRawBufferPointer($1)) }
        try communicator.exchange(sends: sends, receives: receives).wait()
        try communicator.agree {
            try outboxes[rank].withUnsafeBufferPointer { try sorter.append($0) }
            for inbox in inboxes { try sorter.append(UnsafeBufferPointer(inbox)) }
        }
    }
}
