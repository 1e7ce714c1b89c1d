import Diagnostics
import Files
import Foundation
import ModelFiles
import Models
import Synchronization

/// The values of a checkpoint that one rank writes, copied so that the training can go on.
///
/// Memory: 4 bytes for each number (the weights and the state of the optimizer), shared out among the
/// ranks that write; taken when it is made, and used again for each checkpoint.
final class CheckpointSnapshot: @unchecked Sendable {
    // Sendable: while threads write the copy, its owner neither takes nor drops another.
    private let layout: CheckpointLayout
    private let memory: UnsafeMutableRawBufferPointer
    private let sources: [Source]
    /// What is written, cut at the borders of the manifest's blocks.
    private let units: [Unit]
    private let threadCount: Int
    /// The tensors are copied from their memory.
    private let owners: (model: LanguageModel, state: OptimizerState)

    /// Values of one tensor.
    private struct Source {
        /// Where the copy lies in the memory of the snapshot.
        let start: Int
        let part: Part
    }

    /// What this rank writes of one block.
    private struct Unit {
        let file: Int
        let block: Int
        /// Whether it is the whole block.
        let isWhole: Bool
        /// Bytes of the file, and where each range lies in the memory of the snapshot.
        let pieces: [(range: Range<Int>, start: Int)]
    }

    /// - Parameters:
    ///   - rank: this one among those that write; 0 where it writes for all.
    ///   - isGathering: whether the state comes from all ranks, by `take`.
    ///   - extras: nil where there are only the files of every run.
    init(
        _ model: LanguageModel, _ state: OptimizerState, _ checkpoint: CheckpointFiles,
        _ layout: CheckpointLayout, rank: Int, among worldSize: Int, isGathering: Bool,
        extras: CheckpointExtras? = nil
    ) {
        owners = (model, state)
        self.layout = layout
        threadCount = state.device.threads.threadCount
        let owned: [OptimizerState.Piece]? =
            extras?.statePieces ?? (state.isSharded ? state.pieces : nil)
        let parts = PartList(
            layout, rank: rank, among: worldSize, weights: checkpoint.weights(of: model),
            state: isGathering
                ? .gathered : owned.map { PartList.State.owned($0) } ?? .whole(state.named),
            extras: extras?.files ?? []
        ).parts
        var (sources, pieces, end) = ([Source](), [Piece](), 0)
        for part in parts {
            sources.append(Source(start: end, part: part))
            pieces.append(Piece(file: part.file, range: part.range, start: end))
            end += part.range.count
        }
        self.sources = sources
        memory = Self.allocate(end)
        units = Self.units(of: pieces, layout)
    }

    deinit { free(memory.baseAddress) }

    private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        guard let start = malloc(max(1, count)) else {
            Failure(
                "memory ran out for the copy of a checkpoint",
                expected: "\(Quantity.bytes(count)) more", got: String(cString: strerror(ENOMEM)),
                remedy:
                    "use more ranks, which share the copy out, end other programs, or raise the "
                    + "limit (ulimit -v)"
            ).endProcess()
        }
        return UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    /// Copies the values as they are now.
    ///
    /// - Parameter gathered: the whole state of the optimizer, where rank 0 writes for all.
    func take(_ gathered: OptimizerState?) {
        let tensors = gathered?.named ?? []
        for source in sources {
            let place = UnsafeMutableRawBufferPointer(
                rebasing: memory[source.start..<source.start + source.part.range.count])
            switch source.part.values {
            case .header(let bytes): place.copyBytes(from: bytes)
            case .floats(let values): place.copyMemory(from: UnsafeRawBufferPointer(values))
            case .gathered(let index, let elements):
                place.copyMemory(
                    from: UnsafeRawBufferPointer(
                        UnsafeBufferPointer(rebasing: tensors[index].values[elements])))
            }
        }
    }

    /// Makes the files, in their full size, in which all ranks then write.
    func createFiles(in directory: String) throws(Failure) {
        for file in layout.files {
            try PartialFileWriter.create("\(directory)/\(file.name)", size: file.size)
        }
    }

    /// Writes the copies into files that are there, on the threads of this rank.
    ///
    /// - Parameter cancellation: ends the work early, with an error.
    /// - Returns: the hashes of the blocks that this rank has written whole.
    func write(
        into directory: String, _ cancellation: Cancellation
    ) throws -> [HashedBlock] {
        let written = Set(units.map(\.file))
        let writers = try layout.files.enumerated().map { index, file in
            written.contains(index) ? try open("\(directory)/\(file.name)") : nil
        }
        let hashed = Mutex<[HashedBlock]>([])
        try ParallelParts.forEach(units.count, threads: threadCount) { [self] number in
            try cancellation.check()
            let unit = units[number]
            guard let writer = writers[unit.file] else { return }
            guard let hash = try write(unit, into: writer) else { return }
            hashed.withLock { $0.append(hash) }
        }
        for writer in writers { try writer?.finish() }
        return hashed.withLock { $0 }
    }

    /// - Returns: the hash of the block, where this is all of it.
    private func write(
        _ unit: Unit, into writer: PartialFileWriter
    ) throws(Failure) -> HashedBlock? {
        var hash = FileHash()
        for piece in unit.pieces {
            let bytes = UnsafeRawBufferPointer(
                rebasing: memory[piece.start..<piece.start + piece.range.count])
            if unit.isWhole { hash.update(bytes) }
            try writer.write(bytes, at: piece.range.lowerBound)
        }
        guard unit.isWhole else { return nil }
        return HashedBlock(file: unit.file, block: unit.block, sha256: hash.finish().sha256)
    }

    private func open(_ path: String) throws(Failure) -> PartialFileWriter {
        guard try DirectoryEntries.isThere(path) else {
            throw Failure(
                "this rank does not see the checkpoint that rank 0 has begun",
                at: TemporaryName.published(path),
                remedy: FailureText(
                    "use \(key: "checkpoint.io")=gather where the hosts share no directory"))
        }
        return try PartialFileWriter(path: path)
    }

    // MARK: Blocks

    /// Bytes of a file, and where they lie in the memory of the snapshot.
    private struct Piece {
        let file: Int
        var range: Range<Int>
        let start: Int
    }

    /// Cuts pieces, which are in the order of the files, at the borders of blocks.
    private static func units(of pieces: [Piece], _ layout: CheckpointLayout) -> [Unit] {
        var parts: [[Int: [(range: Range<Int>, start: Int)]]] = layout.files.map { _ in [:] }
        for piece in joined(pieces) {
            let size = Manifest.File.usualBlockSize
            let (first, last) = (piece.range.lowerBound / size, (piece.range.upperBound - 1) / size)
            for block in first...last {
                let range = layout.files[piece.file].block(block).clamped(to: piece.range)
                let start = piece.start + range.lowerBound - piece.range.lowerBound
                parts[piece.file][block, default: []].append((range, start))
            }
        }
        return parts.enumerated().flatMap { file, blocks in
            blocks.keys.sorted().map { block in
                let pieces = blocks[block] ?? []
                let count = pieces.reduce(0) { $0 + $1.range.count }
                return Unit(
                    file: file, block: block,
                    isWhole: count == layout.files[file].block(block).count, pieces: pieces)
            }
        }
    }

    /// Pieces that follow each other in a file, and so in memory, as one.
    private static func joined(_ pieces: [Piece]) -> [Piece] {
        var joined: [Piece] = []
        for piece in pieces {
            let last = joined.last
            if let last, last.file == piece.file, last.range.upperBound == piece.range.lowerBound {
                joined[joined.count - 1].range = last.range.lowerBound..<piece.range.upperBound
            } else {
                joined.append(piece)
            }
        }
        return joined
    }
}
