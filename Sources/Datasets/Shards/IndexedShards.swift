import Files
import Glibc

/// The facts of shards from the index beside them, where it is to be believed.
enum IndexedShards {
    /// The most shards whose size is looked at.
    private static let sampleCount = 64

    /// The facts of these shards; nil where they lie in several directories, where there is no index, or
    /// where it lacks one of them or is older than the shards: then opening all of them tells the facts.
    ///
    /// The first and the last shard are opened, and of some between them the size is compared. The
    /// others are compared when they are opened.
    static func facts(of paths: [String], first: TokenShard) throws -> [ShardFacts]? {
        let places = paths.map(DirectoryEntries.split)
        guard let directory = places.first?.parent,
            places.allSatisfy({ $0.parent == directory }),
            let index = try ShardIndex(ofDirectory: directory),
            index.vocabularySize == first.attributes.vocabularySize
        else { return nil }
        let facts = places.compactMap { index.shards[$0.name] }
        guard facts.count == paths.count, facts[0] == first.facts,
            hasSizes(facts, paths),
            try paths.count == 1
                || facts[paths.count - 1] == TokenShard(path: paths[paths.count - 1]).facts
        else { return nil }
        return facts
    }

    /// Whether shards that lie evenly among all have the sizes that the index tells.
    private static func hasSizes(_ facts: [ShardFacts], _ paths: [String]) -> Bool {
        let count = min(sampleCount, paths.count)
        return (0..<count).allSatisfy { number in
            let place = number * paths.count / count
            var status = stat()
            return stat(paths[place], &status) == 0
                && Int(status.st_size) == facts[place].fileSize
        }
    }
}
