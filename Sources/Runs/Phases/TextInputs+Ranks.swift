import Collectives
import Datasets
import Files

/// The look at text files by all ranks together: each file is opened by one of them.
extension TextInputs {
    /// The files in the place of directories, with their sizes, and with their bytes where they are few;
    /// the same on all ranks. Collective.
    package init(_ given: [String], over communicator: any Communicator) throws {
        let paths = try communicator.fromFirstRank {
            try DirectoryEntries.files(in: given).flatMap { Array($0.utf8) + [0] }
        }.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let texts = try Self.texts(at: paths, over: communicator)
        let own = Self.share(of: paths.count, communicator)
        let looks = try communicator.agreeEverywhere {
            TextLook.encoded(try texts[own].map { try TextLook(at: $0) })
        }
        let all = try communicator.allGather(ofAnySize: looks).flatMap(TextLook.decoded)
        self = try communicator.agree { try TextInputs(texts, looks: all) }
    }

    /// The numbers of the files that a rank opens: neighbours, so that the first of two failures is that
    /// of the lower rank.
    private static func share(of count: Int, _ communicator: any Communicator) -> Range<Int> {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        return rank * count / worldSize..<(rank + 1) * count / worldSize
    }

    private static func texts(
        at paths: [String], over communicator: any Communicator
    ) throws -> [SourceText] {
        let own = share(of: paths.count, communicator)
        let found = try communicator.agreeEverywhere {
            try paths[own].map { try SourceText(path: $0) }
        }
        let sizes = found.map { Int64($0.size) }.withUnsafeBytes { Array($0) }
        let all = try communicator.allGather(ofAnySize: sizes).flatMap { bytes in
            bytes.withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) }
        }
        guard all.reduce(0, +) <= Int64(heldSize) else {
            return zip(paths, all).map { SourceText(path: $0, size: Int($1)) }
        }
        let bytes = try communicator.agreeEverywhere {
            try found.flatMap { try $0.bytes(0..<$0.size) }
        }
        let text = try communicator.allGather(ofAnySize: bytes).flatMap { $0 }
        var end = 0
        return zip(paths, all).map { path, size in
            end += Int(size)
            return SourceText(
                path: path, size: Int(size), held: Array(text[end - Int(size)..<end]))
        }
    }
}
