import Collectives
import Foundation

extension CorpusPlan {
    /// The plan, for which each rank looks for the members of some files. Collective.
    static func agreed(
        _ options: CorpusOptions, over communicator: any Communicator
    ) throws -> CorpusPlan {
        let (rank, world) = (communicator.rank, communicator.worldSize)
        let pieceSize = options.pieceMegabytes << 20
        let files = try communicator.agree { try Self.files(options) }
        let own = try communicator.agree {
            Array(
                try JSONEncoder().encode(
                    files.indices.filter { $0 % world == rank }.map {
                        try MemberScan.starts(
                            of: files[$0], size: pieceSize, separator: options.separator)
                    }))
        }
        let all = try communicator.allGather(ofAnySize: own)
        return try communicator.agree {
            let starts = try all.map {
                try JSONDecoder().decode([[MemberStart]].self, from: Data($0))
            }
            return try CorpusPlan(
                options, pieceSize: pieceSize, files: files,
                starts: files.indices.map { starts[$0 % world][$0 / world] })
        }
    }
}
