import Collectives
import Datasets
import Tokenizers

/// Ranks that make shards together: each encodes blocks of one, and the first of them writes it.
///
/// Where there are many shards for each rank, it makes its own and sends nothing. Where there are fewer,
/// up to `largestSize` neighbours share one, round by round: in a round each encodes a block, and the
/// writer appends them in their order, while the others go on. So the writer holds no more blocks than
/// the team has members.
struct PreparationTeam {
    private let members: any Communicator
    private let number: Int
    private let count: Int

    /// The most ranks that make one shard: one writes about as fast as these encode.
    private static let largestSize = 8
    /// The shards for each rank with which all have about as much to do without sharing.
    private static let manyShards = 4

    /// Collective.
    init(jobCount: Int, over communicator: any Communicator) throws {
        let worldSize = communicator.worldSize
        let size =
            jobCount >= Self.manyShards * worldSize ? 1 : min(Self.largestSize, worldSize)
        number = communicator.rank / size
        count = (worldSize + size - 1) / size
        members = try communicator.split(color: number)
    }

    /// Makes this team's share of the shards. Collective among its members.
    ///
    /// - Parameter whenEncoded: called with the blocks that the team has encoded, and with all of them.
    /// - Returns: the shards that this rank has written.
    /// - Throws: a `Failure` on the rank that met it; the others of the team return what they have.
    func make(
        _ jobs: [PreparationJob], tokenizer: some Tokenizer, malformed: MalformedText,
        directory: String, whenEncoded: (_ done: Int, _ count: Int) -> Void = { _, _ in }
    ) throws -> [ShardSummary] {
        let own = stride(from: number, to: jobs.count, by: count)
        let all = own.reduce(0) { $0 + jobs[$1].blockCount }
        var done = 0
        var summaries: [ShardSummary] = []
        do {
            for index in own {
                let job = jobs[index]
                let rounds = Rounds(
                    job: job, members: members, vocabularySize: tokenizer.vocabularySize
                ) { try job.encodeBlock($0, tokenizer: tokenizer, malformed: malformed) }
                let before = done
                done += job.blockCount
                summaries +=
                    try write(rounds, tokenizer, directory) { round in
                        whenEncoded(min(done, before + round * members.worldSize), all)
                    }.map { [$0] } ?? []
            }
        } catch let failure as AgreedFailure where failure.rank != members.rank {
            return summaries
        }
        return summaries
    }

    /// Makes one shard.
    ///
    /// - Returns: nil on all ranks but the writer.
    private func write(
        _ rounds: Rounds, _ tokenizer: some Tokenizer, _ directory: String,
        _ whenEncoded: (_ roundCount: Int) -> Void
    ) throws -> ShardSummary? {
        var summary: ShardSummary?
        do {
            if members.rank == 0 {
                summary = try rounds.job.write(tokenizer: tokenizer, directory: directory) {
                    append in
                    for round in 0..<rounds.count {
                        try rounds.encode(round, append)
                        whenEncoded(round + 1)
                    }
                }
            } else {
                for round in 0..<rounds.count { try rounds.encode(round) { _ in } }
            }
        } catch let failure as AgreedFailure {
            throw failure
        } catch {
            // The others learn of it where they agree next.
            try members.agree { throw error }
        }
        try members.agree {}
        return summary
    }
}

/// The rounds in which a team encodes the blocks of one shard.
private struct Rounds {
    let job: PreparationJob
    let members: any Communicator
    let vocabularySize: Int
    let encodeBlock: (_ block: Int) throws -> EncodedBlock

    var count: Int { (job.blockCount + members.worldSize - 1) / members.worldSize }

    /// Encodes a block on each member. Collective.
    ///
    /// - Parameter append: takes the blocks in their order, on the writer; the others send theirs.
    func encode(_ round: Int, _ append: (EncodedBlock) throws -> Void) throws {
        let index = round * members.worldSize + members.rank
        let own = try members.agree {
            index < job.blockCount ? try encodeBlock(index) : nil
        }
        guard members.worldSize > 1 else {
            if let own { try append(own) }
            return
        }
        let isWriter = members.rank == 0
        let bytes = isWriter ? [] : own?.encoded(vocabularySize: vocabularySize) ?? []
        let sizes = try members.allGather([Int64(bytes.count)]).map(Int.init)
        guard isWriter else { return try send(bytes) }
        let received = try receive(sizes)
        if let own { try append(own) }
        var start = 0
        for size in sizes where size > 0 {
            try append(
                EncodedBlock(
                    encoded: received[start..<start + size], vocabularySize: vocabularySize))
            start += size
        }
    }

    private func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            let sends = buffer.isEmpty ? [] : [MessageToSend(to: 0, buffer)]
            try members.exchange(sends: sends, receives: []).wait()
        }
    }

    /// The messages of all members, one after the other.
    private func receive(_ sizes: [Int]) throws -> [UInt8] {
        var all = [UInt8](repeating: 0, count: sizes.reduce(0, +))
        try all.withUnsafeMutableBytes { buffer in
            var rest = buffer[...]
            var receives: [MessageToReceive] = []
            for (member, size) in sizes.enumerated() where size > 0 {
                receives.append(
                    MessageToReceive(
                        from: member, UnsafeMutableRawBufferPointer(rebasing: rest.prefix(size))))
                rest = rest.dropFirst(size)
            }
            try members.exchange(sends: [], receives: receives).wait()
        }
        return all
    }
}
