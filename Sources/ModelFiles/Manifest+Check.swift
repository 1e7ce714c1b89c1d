import Diagnostics
import Files
import Foundation

/// The comparison of files with their manifest, as a whole or shared out.
extension Manifest {
    package static var usualThreads: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Compares every file with manifest.json.
    ///
    /// - Throws: `Failure` that names the first file, by name, that is missing, truncated or
    ///   altered. Files that the manifest does not know are no error.
    @discardableResult
    package static func verify(_ directory: String) throws -> Manifest {
        let manifest = try Manifest(reading: directory)
        try manifest.checkSizes(in: directory)
        try manifest.check(manifest.blocks, in: directory, threads: usualThreads)
        return manifest
    }

    /// A block of a file.
    package struct Block: Sendable {
        package let name: String
        package let index: Int
    }

    /// All blocks, in the order of the names of their files.
    package var blocks: [Block] {
        files.sorted { $0.key < $1.key }.flatMap { name, file in
            file.blocks.indices.map { Block(name: name, index: $0) }
        }
    }

    /// - Throws: `Failure` that names the first file that is missing or of another size.
    package func checkSizes(in directory: String) throws(Failure) {
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            let path = "\(directory)/\(name)"
            guard try DirectoryEntries.isThere(path) else {
                throw Failure("a file of the manifest is missing", at: path)
            }
            let size = try FileReader(path: path).size
            guard size == file.size else {
                throw Failure(
                    size < file.size ? "the file is truncated" : "the file is altered",
                    expected: "\(file.size) bytes", got: "\(size)", at: path)
            }
        }
    }

    /// Reads blocks and compares their hashes, on so many threads.
    ///
    /// - Throws: `Failure` that names the file of the first block that is altered.
    package func check(
        _ blocks: some RandomAccessCollection<Block>, in directory: String, threads: Int
    ) throws {
        let blocks = Array(blocks)
        try ParallelParts.forEach(blocks.count, threads: threads) { [self] number in
            try check(blocks[number], in: directory)
        }
    }

    private func check(_ block: Block, in directory: String) throws(Failure) {
        guard let file = files[block.name] else { return }
        let path = "\(directory)/\(block.name)"
        let (range, expected) = (file.block(block.index), file.blocks[block.index])
        let sha256 = try FileHash.hash(of: FileReader(path: path), range).sha256
        guard sha256 == expected else {
            let isWhole = file.blocks.count == 1
            throw Failure(
                "the file is altered", expected: "SHA-256 \(expected)",
                got: sha256
                    + (isWhole ? "" : " of bytes \(range.lowerBound)..<\(range.upperBound)"),
                at: path)
        }
    }
}

extension Manifest.File {
    /// Hashes the blocks of a file, on so many threads.
    package init(hashing path: String, threads: Int) throws {
        let reader = try FileReader(path: path)
        let count = Self.blockCount(of: reader.size)
        let hashes = HashList(count: count)
        try ParallelParts.forEach(count, threads: threads) { index in
            let range = Self.block(index, of: reader.size)
            hashes[index] = try FileHash.hash(of: reader, range).sha256
        }
        self.init(size: reader.size, blocks: hashes.all)
    }
}
