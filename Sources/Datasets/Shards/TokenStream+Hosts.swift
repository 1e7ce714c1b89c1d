import Diagnostics
import Files

extension TokenStream {
    /// One split of a source of which each host may have shards of its own: the stream of those of all
    /// hosts, in name order, as one rank reads it.
    ///
    /// A shard may lie on several hosts; then it must be the same on all.
    ///
    /// - Parameters:
    ///   - hosts: what each rank finds on its host.
    ///   - path: what the recipe names, for messages.
    /// - Throws: a `Failure`, the same on all ranks, where a shard differs, where one is missing on all
    ///   hosts that an index names or that others come behind, and where there is none at all.
    package convenience init(
        of hosts: [HostShards], rank: Int, at path: String, split: DatasetSplit
    ) throws {
        let union = try GatheredShards(hosts, at: path, split: split)
        let ranks = union.paths.map { union.ranks[$0] ?? [] }
        let isWhole = ranks.allSatisfy { $0.count == hosts.count }
        self.init(
            paths: union.paths, facts: union.paths.compactMap { union.facts[$0] },
            attributes: union.attributes,
            holders: isWhole ? nil : ShardHolders(rank: rank, worldSize: hosts.count, ranks: ranks))
    }
}

/// The shards that all ranks together have.
private struct GatheredShards {
    /// In name order.
    let paths: [String]
    let facts: [String: ShardFacts]
    /// The ranks that have each shard, ascending.
    let ranks: [String: [Int]]
    /// Those of the first shard.
    let attributes: TokenShardAttributes

    private static let namedCount = 5

    init(_ hosts: [HostShards], at path: String, split: DatasetSplit) throws {
        var facts: [String: ShardFacts] = [:]
        var ranks: [String: [Int]] = [:]
        for (rank, host) in hosts.enumerated() {
            for (path, own) in zip(host.paths, host.facts) {
                if let other = facts[path], other != own {
                    throw Self.difference(
                        "\(other)", ofRank: ranks[path]?.first ?? 0, "\(own)", ofRank: rank,
                        at: path)
                }
                facts[path] = own
                ranks[path, default: []].append(rank)
            }
        }
        paths = facts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        (self.facts, self.ranks) = (facts, ranks)
        guard let first = paths.first,
            let attributes = hosts.first(where: { $0.paths.first == first })?.attributes
        else {
            throw Failure(
                "no host has a token shard", expected: "shards of \(split.rawValue)",
                got: "none on any of them", at: path,
                remedy: "prepare the text, and copy to each host the shards that it is to read")
        }
        self.attributes = attributes
        try Self.requireOneTokenizer(hosts, at: path)
        let names = Set(paths.map { DirectoryEntries.split($0).name })
        guard hosts.contains(where: \.isFolder) else { return }
        let listed = Set(hosts.flatMap(\.listed)).union(Self.numbered(names, split))
        try Self.require(listed.subtracting(names).sorted(), at: path)
    }

    private static func requireOneTokenizer(_ hosts: [HostShards], at path: String) throws {
        func told(_ attributes: TokenShardAttributes) -> String {
            "tokenizer_sha256 \(attributes.tokenizerSHA256), vocabulary_size "
                + "\(attributes.vocabularySize)"
        }
        let all = hosts.enumerated().compactMap { rank, host in
            host.attributes.map { (rank, told($0)) }
        }
        guard let first = all.first, let other = all.first(where: { $0.1 != first.1 }) else {
            return
        }
        throw difference(first.1, ofRank: first.0, other.1, ofRank: other.0, at: path)
    }

    private static func difference(
        _ first: String, ofRank one: Int, _ second: String, ofRank other: Int, at path: String
    ) -> Failure {
        Failure(
            "a token shard differs from host to host", expected: "\(first) as on rank \(one)",
            got: "\(second) on rank \(other)", at: path,
            remedy: "copy the shards of one preparation to all hosts")
    }

    /// The names of all shards up to the last, where they are numbered as `prepare` does it.
    private static func numbered(_ names: Set<String>, _ split: DatasetSplit) -> Set<String> {
        func name(_ number: Int) -> String {
            let digits = String(number)
            let zeros = String(repeating: "0", count: max(0, 5 - digits.count))
            return "\(split.rawValue)-\(zeros)\(digits).h5"
        }
        let numbers = names.compactMap { text -> Int? in
            let digits = text.dropFirst(split.rawValue.count + 1).dropLast(".h5".count)
            guard let number = Int(digits), number >= 0, text == name(number) else { return nil }
            return number
        }
        return Set((0..<(numbers.max() ?? 0)).map(name))
    }

    private static func require(_ missing: [String], at path: String) throws {
        guard !missing.isEmpty else { return }
        let named = missing.prefix(namedCount).joined(separator: ", ")
        let more = missing.count - namedCount
        throw Failure(
            "token shards are missing on all hosts", expected: "each on one host at least",
            got: "none of the name \(named)" + (more > 0 ? " and \(more) more" : ""), at: path,
            remedy: "copy them to a host, or remove an \(ShardIndex.fileName) that is out of date")
    }
}
