import Collectives
import Foundation
import ModelFiles

/// A checkpoint whose files have their hashes, and the ranks that can read it.
package struct FoundCheckpoint: Equatable, Sendable {
    package let path: String
    /// The ranks that see the files which rank 0 sees, in ascending order; rank 0 is the first.
    let readers: [Int]

    /// Checks the files of a checkpoint: each rank that sees them reads its part of the blocks, on so
    /// many threads. Collective.
    ///
    /// - Throws: `AgreedFailure` for the first file that is missing or altered.
    init(
        checking path: String, over communicator: any Communicator, threads: Int
    ) throws {
        self.path = path
        let own = communicator.rank == 0 ? FileIdentity(of: path + "/" + Manifest.fileName) : nil
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try Manifest(reading: path).checkSizes(in: path)
        }
        let first = try communicator.broadcast([own ?? FileIdentity()], from: 0)[0]
        let sees =
            communicator.rank == 0 || FileIdentity(of: path + "/" + Manifest.fileName) == first
        let flags = try communicator.allGather([Int8(sees ? 1 : 0)])
        readers = flags.indices.filter { flags[$0] == 1 }
        let readers = readers
        try communicator.agree {
            guard let index = readers.firstIndex(of: communicator.rank) else { return }
            let manifest = try Manifest(reading: path)
            let blocks = manifest.blocks
            try manifest.check(
                blocks[EqualShares(of: blocks.count, among: readers.count)[index]], in: path,
                threads: threads)
        }
    }

    /// The part of `count` numbers that this rank reads; empty where it does not see the files.
    func part(of count: Int, rank: Int) -> Range<Int> {
        readers.firstIndex(of: rank).map { EqualShares(of: count, among: readers.count)[$0] }
            ?? 0..<0
    }
}

/// What distinguishes a file from a copy of it on another host: its number on the file system, and when
/// it was written.
struct FileIdentity: Equatable, BitwiseCopyable {
    private var number: UInt64 = 0
    private var size = 0
    private var seconds = 0
    private var nanoseconds = 0

    init() {}

    /// Nil where the file cannot be looked at.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        number = UInt64(status.st_ino)
        size = Int(status.st_size)
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
    }
}
