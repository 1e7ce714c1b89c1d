import Collectives
import Datasets
import Diagnostics

/// The streams of tokens that a recipe names.
package struct DataStreams: Sendable {
    /// Those of the sources, in their order.
    package let train: [TokenStream]
    package let validation: TokenStream?

    /// Opens shards that this host has all.
    package init(opening data: DataOptions) throws {
        train = try data.trainingPaths().map { try TokenStream(resolving: $0, split: .train) }
        validation = try data.validation.map {
            try TokenStream(resolving: $0, split: .validation)
        }
    }

    /// Agrees on which host has which shards. Collective.
    ///
    /// - Returns: nil where every host has them all.
    package static func gathered(
        _ data: DataOptions, over communicator: any Communicator
    ) throws -> DataStreams? {
        guard data.placement == .local else { return nil }
        let paths = try communicator.agree { try data.trainingPaths() }
        return DataStreams(
            train: try paths.map {
                try TokenStream.gathered($0, split: .train, over: communicator)
            },
            validation: try data.validation.map {
                try TokenStream.gathered($0, split: .validation, over: communicator)
            })
    }

    private init(train: [TokenStream], validation: TokenStream?) {
        (self.train, self.validation) = (train, validation)
    }
}

extension DataOptions {
    /// The paths of the sources.
    fileprivate func trainingPaths() throws -> [String] {
        let paths = sources.isEmpty ? train.map { [$0] } ?? [] : sources.map(\.path)
        guard paths.isEmpty else { return paths }
        throw Failure(
            FailureText("\(key: "data.train") is missing"),
            remedy: "name a shard directory or a glob", kind: .usage)
    }
}

extension TokenStream {
    /// One split of what a recipe names, of the shards of all hosts; see `init(of:rank:at:split:)`.
    /// Collective.
    package static func gathered(
        _ path: String, split: DatasetSplit, over communicator: any Communicator
    ) throws -> TokenStream {
        let own = try communicator.agree {
            try HostShards(resolving: path, split: split).encoded
        }
        let all = try communicator.allGather(ofAnySize: own)
        return try communicator.agree {
            try TokenStream(
                of: all.map(HostShards.init(encoded:)), rank: communicator.rank, at: path,
                split: split)
        }
    }
}
