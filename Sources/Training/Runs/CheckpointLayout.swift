import Files
import ModelFiles
import Models
import Synchronization

/// The large files of a checkpoint, and which rank writes which bytes of them.
///
/// Where every rank has all values, each writes whole blocks of the manifest, which it hashes from its
/// memory; the values of a shared-out state are written by their owners, whatever blocks they fall into.
struct CheckpointLayout: Sendable {
    /// A file of tensors.
    struct File: Sendable {
        let name: String
        let layout: SafetensorsLayout

        var size: Int { layout.fileSize }
        var blockCount: Int { Manifest.File.blockCount(of: size) }
        func block(_ index: Int) -> Range<Int> { Manifest.File.block(index, of: size) }
    }

    let files: [File]

    /// - Parameter extras: nil where there are only the files of every run.
    init(
        _ model: LanguageModel, _ state: OptimizerState, _ checkpoint: CheckpointFiles,
        _ extras: CheckpointExtras? = nil
    ) {
        files =
            [
                File(
                    name: checkpoint.weightsName,
                    layout: SafetensorsLayout(
                        checkpoint.weights(of: model).map { ($0.name, $0.shape) },
                        metadata: checkpoint.weightsMetadata)),
                File(name: CheckpointStore.optimizerName, layout: SafetensorsLayout(state.shapes)),
            ]
            + (extras?.files ?? []).map {
                File(name: $0.name, layout: SafetensorsLayout($0.shapes))
            }
    }
}

/// Files of which all ranks have all bytes, and the blocks of them that fall to each rank: of those of
/// all files, one after the other, an equal share.
struct BlockShares {
    /// Bytes of each file.
    let sizes: [Int]
    let worldSize: Int

    /// The bytes of a file that a rank writes.
    func range(of file: Int, rank: Int) -> Range<Int> {
        let counts = sizes.map { Manifest.File.blockCount(of: $0) }
        let share = EqualShares(of: counts.reduce(0, +), among: worldSize)[rank]
        let first = counts[..<file].reduce(0, +)
        let blocks = share.clamped(to: first..<first + counts[file])
        guard !blocks.isEmpty else { return 0..<0 }
        let size = Manifest.File.usualBlockSize
        return (blocks.lowerBound - first)
            * size..<min(
                (blocks.upperBound - first) * size, sizes[file])
    }

    /// The bytes of all files that a rank writes.
    func byteCount(ofRank rank: Int) -> Int {
        sizes.indices.reduce(0) { $0 + range(of: $1, rank: rank).count }
    }
}

extension CheckpointLayout {
    /// Hashes blocks as they lie in a directory.
    func hash(
        _ blocks: [(file: Int, block: Int)], in directory: String, threads: Int,
        _ cancellation: Cancellation
    ) throws -> [HashedBlock] {
        let hashed = Mutex<[HashedBlock]>([])
        let numbers = blocks.map { HashedBlock(file: $0.file, block: $0.block, sha256: "") }
        try ParallelParts.forEach(numbers.count, threads: threads) { number in
            try cancellation.check()
            let (file, block) = (numbers[number].file, numbers[number].block)
            let reader = try FileReader(path: "\(directory)/\(files[file].name)")
            let sum = try FileHash.hash(of: reader, files[file].block(block))
            hashed.withLock {
                $0.append(HashedBlock(file: file, block: block, sha256: sum.sha256))
            }
        }
        return hashed.withLock { $0 }
    }
}

/// A block of one of the files of a checkpoint, and its hash.
struct HashedBlock: Sendable {
    let file: Int
    let block: Int
    /// 64 hexadecimal digits.
    let sha256: String

    /// A line of a message.
    var text: String { "\(file) \(block) \(sha256)\n" }

    init(file: Int, block: Int, sha256: String) {
        (self.file, self.block, self.sha256) = (file, block, sha256)
    }

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 3, let file = Int(words[0]), let block = Int(words[1]) else {
            return nil
        }
        self.init(file: file, block: block, sha256: String(words[2]))
    }
}

/// The hashes of all blocks of a checkpoint's files, as they come together.
struct BlockHashes {
    private let layout: CheckpointLayout
    private var hashes: [[String?]]

    init(_ layout: CheckpointLayout) {
        self.layout = layout
        hashes = layout.files.map { Array(repeating: nil, count: $0.blockCount) }
    }

    mutating func add(_ block: HashedBlock) { hashes[block.file][block.block] = block.sha256 }

    /// The blocks that no rank has hashed, in order.
    var missing: [(file: Int, block: Int)] {
        hashes.enumerated().flatMap { file, list in
            list.indices.filter { list[$0] == nil }.map { (file, $0) }
        }
    }

    /// The files whose blocks are all hashed, by their names.
    var files: [String: Manifest.File] {
        var files: [String: Manifest.File] = [:]
        for (file, list) in zip(layout.files, hashes) {
            let blocks = list.compactMap { $0 }
            guard blocks.count == list.count else { continue }
            files[file.name] = Manifest.File(size: file.size, blocks: blocks)
        }
        return files
    }
}
