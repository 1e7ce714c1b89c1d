import Diagnostics
import Files
import Foundation

/// The shards that a rank finds on its host where a recipe names a source.
package struct HostShards: Codable, Equatable, Sendable {
    /// In name order.
    let paths: [String]
    /// The facts of each.
    let facts: [ShardFacts]
    /// Those of the first shard; nil where there is none.
    let attributes: TokenShardAttributes?
    /// The names of all shards of the source, as the index beside these tells; none without one.
    let listed: [String]
    /// Whether the source is a directory, all of whose shards are read.
    let isFolder: Bool

    /// - Throws: a `Failure` for a shard that cannot be read.
    package init(resolving path: String, split: DatasetSplit) throws {
        paths = try DatasetFiles.found(path, split: split)
        let stream = try paths.isEmpty ? nil : TokenStream(paths: paths)
        facts = stream?.shardFacts ?? []
        attributes = stream?.attributes
        isFolder =
            try DirectoryEntries.isThere(path, followsLinks: true)
            && DirectoryEntries.isFolder(path)
        listed = try isFolder ? ShardIndex(ofDirectory: path)?.names(of: split) ?? [] : []
    }

    package var encoded: [UInt8] {
        get throws { Array(try JSONEncoder().encode(self)) }
    }

    package init(encoded: [UInt8]) throws {
        self = try JSONDecoder().decode(HostShards.self, from: Data(encoded))
    }
}
