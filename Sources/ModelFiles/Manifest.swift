import Diagnostics
import Files
import JSON

/// The sizes and SHA-256 hashes of the files in a directory, as manifest.json in it: of each block of
/// 16 MiB a hash, so that many ranks and threads can write and check one file. A file of one block has
/// the hash that sha256sum tells.
package struct Manifest: Equatable, Sendable {
    package static let fileName = "manifest.json"

    /// A file, by the hashes of its blocks.
    package struct File: Equatable, Sendable {
        /// The size of the file in bytes.
        package let size: Int
        /// Bytes of each block; the last one may be shorter.
        package let blockSize: Int
        /// The hash of each block as 64 lower-case hexadecimal digits; an empty file has one.
        package let blocks: [String]

        package static let usualBlockSize = 16 << 20

        /// The file as one block, as older programs hash it.
        init(size: Int, sha256: String) {
            self.init(size: size, blockSize: max(1, size), blocks: [sha256])
        }

        /// - Precondition: as many hashes as there are blocks.
        package init(size: Int, blockSize: Int = File.usualBlockSize, blocks: [String]) {
            let count = Self.blockCount(of: size, blockSize: blockSize)
            precondition(blocks.count == count, "expected \(count) hashes, got \(blocks.count)")
            (self.size, self.blockSize, self.blocks) = (size, blockSize, blocks)
        }

        package static func blockCount(
            of size: Int, blockSize: Int = File.usualBlockSize
        ) -> Int {
            max(1, size / blockSize + (size % blockSize == 0 ? 0 : 1))
        }

        /// The bytes of a block.
        package static func block(
            _ index: Int, of size: Int, blockSize: Int = File.usualBlockSize
        ) -> Range<Int> {
            let start = index * blockSize
            return start..<start + min(blockSize, size - start)
        }

        package func block(_ index: Int) -> Range<Int> {
            Self.block(index, of: size, blockSize: blockSize)
        }
    }

    /// The files by their paths relative to the directory.
    package let files: [String: File]

    package init(files: [String: File]) { self.files = files }

    /// Hashes every file below the directory but manifest.json itself, and those that are `known`.
    package init(
        hashing directory: String, known: [String: File] = [:], threads: Int = Self.usualThreads
    ) throws {
        let paths = try DirectoryEntries.tree(of: directory).files
        var files = known.filter { paths.contains($0.key) }
        for path in paths where path != Self.fileName && files[path] == nil {
            files[path] = try File(hashing: "\(directory)/\(path)", threads: threads)
        }
        self.files = files
    }

    /// Hashes the files of a directory and writes manifest.json, whole, on the disk.
    ///
    /// - Parameter known: files that were hashed while they were written, and are not read again.
    @discardableResult
    package static func write(
        in directory: String, known: [String: File] = [:]
    ) throws -> Manifest {
        let manifest = try Manifest(hashing: directory, known: known)
        let text = manifest.json.text(isPretty: true)
        try PublishedFile.write(Array(text.utf8), to: "\(directory)/\(fileName)")
        return manifest
    }
}
