import Datasets
import Foundation
import TemporaryFolders
import Testing

/// Shards of which each host has some; the hosts are played one after the other in one folder.
@Suite struct HostShardsTests {
    private let folder: Scratch
    private let hidden: Scratch
    private var shards: String { folder.path }

    private static let sizes = [30, 7, 0, 41, 12]

    init() throws {
        (folder, hidden) = (try Scratch(), try Scratch())
        var next = Int32(0)
        for (number, size) in Self.sizes.enumerated() {
            let ids = (0..<size).map { next + Int32($0) }
            next += Int32(size)
            try folder.writeShard(Self.name(number), documents: [ids])
        }
    }

    private static func name(_ number: Int) -> String { "train-0000\(number).h5" }

    /// What a host finds that has these shards alone.
    private func host(_ numbers: [Int], split: DatasetSplit = .train) throws -> HostShards {
        let away = Self.sizes.indices.filter { !numbers.contains($0) }.map(Self.name)
        let present = try away.filter { try folder.names.contains($0) }
        for name in present {
            try FileManager.default.moveItem(atPath: folder(name), toPath: hidden(name))
        }
        defer {
            for name in present {
                try? FileManager.default.moveItem(atPath: hidden(name), toPath: folder(name))
            }
        }
        let found = try HostShards(resolving: shards, split: split)
        return try HostShards(encoded: found.encoded)
    }

    private func stream(_ hosts: [[Int]], rank: Int) throws -> TokenStream {
        try TokenStream(
            of: hosts.map { try host($0) }, rank: rank, at: shards, split: .train)
    }

    /// The batches of all ranks, after the parcels went where they belong.
    private func exchanged(_ drafts: [BatchDraft]) -> [TokenBatch] {
        let parts = drafts.map { draft in
            guard case .scattered(let part) = draft else { preconditionFailure("scattered") }
            return part
        }
        return parts.enumerated().map { rank, part in
            let received = part.gaps.flatMap { gap in
                let tokens = parts[gap.peer].parcels.filter { $0.peer == rank }.flatMap(\.tokens)
                #expect(tokens.count == gap.tokenCount)
                return tokens
            }
            return part.filled(with: received)
        }
    }

    private static let splits: [[[Int]]] = [
        [[0, 1, 2], [3, 4]], [[0, 1, 2, 3, 4], []], [[4, 2], [1, 0], [3]],
        [[0, 1, 2, 3], [0, 1, 2, 3], [4, 0], [4, 0]],
    ]

    @Test(arguments: splits, [WindowOrder.shuffled, .inOrder, .blocks])
    func batchesAreThoseOfSharedShards(hosts: [[Int]], order: WindowOrder) throws {
        let shared = try TokenStream(resolving: shards, split: .train)
        let sampler = try WindowSampler(
            tokenCount: shared.tokenCount, sequenceLength: 4, globalBatchSize: 12, seed: 5,
            order: order)
        let shares = hosts.indices.map {
            12 * $0 / hosts.count..<12 * ($0 + 1) / hosts.count
        }
        let sources = try hosts.indices.map { rank in
            let stream = try stream(hosts, rank: rank)
            #expect(stream.paths == shared.paths && stream.shardFacts == shared.shardFacts)
            #expect(stream.attributes == shared.attributes)
            return WindowSource(stream: stream, sampler: sampler)
        }
        var sent = 0
        for step in 0..<5 {
            let drafts = try sources.enumerated().map { rank, source in
                try source.draft(step: step, shares: shares, rank: rank)
            }
            for (rank, batch) in exchanged(drafts).enumerated() {
                #expect(
                    try batch
                        == TokenBatch(
                            sampler.windows(step: step, sequences: shares[rank]), of: sampler,
                            in: shared))
            }
            sent += drafts.reduce(0) { $0 + Self.sentCount($1) }
        }
        #expect(sent > 0)
    }

    private static func sentCount(_ draft: BatchDraft) -> Int {
        guard case .scattered(let part) = draft else { return 0 }
        return part.parcels.reduce(0) { $0 + $1.tokens.count }
    }

    @Test func mixturesAreThoseOfSharedShards() throws {
        let other = try Scratch()
        try other.writeShard("train-00000.h5", documents: [Array(200..<260)])
        var options = DataOptions()
        options.sources = [
            DataSource(path: shards, weight: 1), DataSource(path: other.path, weight: 2),
        ]
        let second = try TokenStream(resolving: other.path, split: .train)
        func source(_ first: TokenStream) throws -> MixtureSource {
            try MixtureSource(
                streams: [first, second], options: options, sequenceLength: 4,
                globalBatchSize: 8, seed: 3, separator: nil)
        }
        let shared = try source(TokenStream(resolving: shards, split: .train))
        let sources = try (0..<2).map { try source(stream([[0, 3], [1, 2, 4]], rank: $0)) }
        let shares = [0..<4, 4..<8]
        for step in 0..<4 {
            let drafts = try sources.enumerated().map {
                try $1.draft(step: step, shares: shares, rank: $0)
            }
            for (rank, batch) in exchanged(drafts).enumerated() {
                #expect(try batch == shared.batch(step: step, sequences: shares[rank]))
            }
        }
    }

    /// Then nothing is exchanged, and blocks of windows are read as of shared shards.
    @Test func shardsThatAllHostsHaveAreNotScattered() throws {
        let all = Array(Self.sizes.indices)
        let stream = try stream([all, all], rank: 1)
        #expect(stream.holders == nil)
        #expect(try stream.tokens(0..<90) == (0..<90).map { Int32($0) })
    }

    @Test func shardsOfOtherHostsAreNotOpened() throws {
        let stream = try stream([[0, 1, 2], [3, 4]], rank: 0)
        #expect(stream.holders?.count(ofRank: 1) == 2)
        #expect(try stream.tokens(0..<37) == (0..<37).map { Int32($0) })
        #expect(
            failureLine { _ = try stream.tokens(30..<40) }
                == "the token shard lies on another host: expected a host of rank 1, got that of "
                + "rank 0 (\(shards)/train-00003.h5)")
    }

    @Test func shardsThatNoHostHasAreNamed() throws {
        let line = failureLine { _ = try stream([[0], [4]], rank: 0) }
        #expect(
            line.hasPrefix(
                "token shards are missing on all hosts: expected each on one host at least, got none "
                    + "of the name train-00001.h5, train-00002.h5, train-00003.h5 (\(shards))"),
            "\(line)")
        let none = failureLine { _ = try stream([[], []], rank: 0) }
        #expect(none.hasPrefix("no host has a token shard: "), "\(none)")
    }

    /// The last shard comes behind all others: the index alone tells of it.
    @Test func theIndexOfAnyHostTellsWhatIsMissing() throws {
        let index = """
            {"format_version": 1, "tokenizer_sha256": "aa", "vocabulary_size": 300, "shards": [
            {"name": "train-00007.h5", "tokens": 1, "documents": 1, "bytes": 1, "source_sha256": "bb"},
            {"name": "validation-00000.h5", "tokens": 1, "documents": 1, "bytes": 1,
             "source_sha256": "bb"}]}
            """
        let first = try host([0, 1, 2])
        try folder.write(index, to: "index.json")
        let hosts = [first, try host([3, 4])]
        let line = failureLine {
            _ = try TokenStream(of: hosts, rank: 0, at: shards, split: .train)
        }
        #expect(line.contains("none of the name train-00007.h5 ("))
    }

    @Test func aShardThatDiffersFromHostToHostIsRefused() throws {
        let first = try host([0, 1, 2, 3])
        try FileManager.default.removeItem(atPath: folder("train-00001.h5"))
        try folder.writeShard("train-00001.h5", documents: [Array(0..<9)])
        let second = try host([1, 4])
        let line = failureLine {
            _ = try TokenStream(of: [first, second], rank: 0, at: shards, split: .train)
        }
        #expect(line.hasPrefix("a token shard differs from host to host: expected 7 tokens"))
        #expect(line.contains("got 9 tokens") && line.contains("on rank 1"), "\(line)")
    }

    @Test func shardsOfAnotherTokenizerAreRefused() throws {
        let first = try host([0, 1, 2, 3])
        try FileManager.default.removeItem(atPath: folder("train-00004.h5"))
        try folder.writeShard("train-00004.h5", documents: [Array(0..<9)], tokenizer: "cc")
        let hosts = [first, try host([4])]
        let line = failureLine {
            _ = try TokenStream(of: hosts, rank: 0, at: shards, split: .train)
        }
        #expect(line.contains("expected tokenizer_sha256 aa"), "\(line)")
        #expect(line.contains("got tokenizer_sha256 cc"), "\(line)")
    }
}
