import Collectives
import Diagnostics
import Files
import Foundation
import ModelFiles
import Models
import Tensors

/// The values of a checkpoint that one rank writes, copied so that the training can go on.
///
/// Memory: 4 bytes for each number (the weights and the state of the optimizer), shared out among the
/// ranks that write; taken when it is made, and used again for each checkpoint.
final class CheckpointSnapshot: @unchecked Sendable {
    // Sendable: while a thread writes the copy, its owner neither takes nor drops another.
    private let files: [File]
    private let memory: UnsafeMutableBufferPointer<Float>
    /// The tensors are copied from their memory.
    private let sources: (model: LanguageModel, state: OptimizerState)
    /// Whether the parts of this snapshot are all of the files.
    private let isWhole: Bool

    /// One safetensors file, and the parts that this rank writes of it.
    private struct File {
        let name: String
        let layout: SafetensorsLayout
        let parts: [Part]

        init(name: String, layout: SafetensorsLayout, parts: [Part]) {
            (self.name, self.layout, self.parts) = (name, layout, parts)
        }

        init(_ file: CheckpointExtras.File) {
            name = file.name
            layout = SafetensorsLayout(file.shapes)
            parts = file.pieces.map {
                Part(
                    index: $0.index, elements: $0.elements,
                    values: UnsafeBufferPointer($0.values))
            }
        }
    }

    /// Elements of one tensor.
    private struct Part {
        /// The position of the tensor in the layout.
        let index: Int
        let elements: Range<Int>
        /// The values of the elements; nil where they come from the state that `take` is given.
        let values: UnsafeBufferPointer<Float>?
    }

    /// - Parameters:
    ///   - communicator: nil where rank 0 writes for all; this is rank 0.
    ///   - extras: nil where there are only the files of every run.
    init(
        _ model: LanguageModel, _ state: OptimizerState, _ checkpoint: CheckpointFiles,
        sharedOver communicator: (any Communicator)?, extras: CheckpointExtras? = nil
    ) {
        sources = (model, state)
        isWhole = communicator.map { $0.worldSize == 1 } ?? true
        let share = Share(rank: communicator?.rank ?? 0, count: communicator?.worldSize ?? 1)
        let weights = checkpoint.weights(of: model)
        let stateShare = extras.map { Share(rank: $0.owners.rank, count: $0.owners.worldSize) }
        let stateParts: [Part] =
            if communicator != nil && extras?.writesState == false {
                []
            } else if communicator == nil {
                Self.parts(of: state.shapes, share) { _, _ in nil }
            } else if state.isSharded {
                state.pieces.map {
                    Part(
                        index: $0.index, elements: $0.elements,
                        values: UnsafeBufferPointer($0.values))
                }
            } else {
                Self.parts(of: state.named, stateShare ?? share)
            }
        files =
            [
                File(
                    name: checkpoint.weightsName,
                    layout: SafetensorsLayout(
                        weights.map { ($0.name, $0.shape) }, metadata: checkpoint.weightsMetadata),
                    parts: Self.parts(of: weights, share)),
                File(
                    name: CheckpointStore.optimizerName,
                    layout: SafetensorsLayout(state.shapes), parts: stateParts),
            ] + (extras?.files ?? []).map { File($0) }
        let count = files.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.elements.count } }
        memory = Self.allocate(count)
    }

    deinit { free(memory.baseAddress) }

    private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let size = max(1, count) * MemoryLayout<Float>.stride
        guard let start = malloc(size) else {
            Failure(
                "memory ran out for the copy of a checkpoint",
                expected: "\(Quantity.bytes(size)) more", got: String(cString: strerror(ENOMEM)),
                remedy:
                    "use more ranks, which share the copy out, end other programs, or raise the "
                    + "limit (ulimit -v)"
            ).endProcess()
        }
        return UnsafeMutableBufferPointer(
            start: start.bindMemory(to: Float.self, capacity: max(1, count)), count: count)
    }

    /// Copies the values as they are now.
    ///
    /// - Parameter gathered: the whole state of the optimizer, where rank 0 writes for all.
    func take(_ gathered: OptimizerState?) {
        let tensors = gathered?.named ?? []
        var start = 0
        for part in files.flatMap(\.parts) {
            let end = start + part.elements.count
            let values =
                part.values
                ?? UnsafeBufferPointer(rebasing: tensors[part.index].values[part.elements])
            _ = UnsafeMutableBufferPointer(rebasing: memory[start..<end])
                .update(fromContentsOf: values)
            start = end
        }
    }

    /// Makes the files, in their full size, in which all ranks then write.
    func createFiles(in directory: String) throws(Failure) {
        for file in files {
            try PartialFileWriter.create("\(directory)/\(file.name)", size: file.layout.fileSize)
        }
    }

    /// Writes the copies into files that are there; share 0 writes the headers too.
    ///
    /// - Returns: size and hash of each file that this rank has written whole.
    func write(into directory: String, withHeaders: Bool) throws -> [String: Manifest.File] {
        var known: [String: Manifest.File] = [:]
        var start = 0
        for file in files {
            let writer = try open("\(directory)/\(file.name)")
            var hash = FileHash()
            if withHeaders {
                try file.layout.header.withUnsafeBytes {
                    try writer.write($0, at: 0)
                    if isWhole { hash.update($0) }
                }
            }
            for part in file.parts {
                let end = start + part.elements.count
                let bytes = UnsafeRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: memory[start..<end]))
                start = end
                let entry = file.layout.entries[part.index]
                try writer.write(
                    bytes,
                    at: file.layout.fileRange(of: entry).lowerBound
                        + part.elements.lowerBound * MemoryLayout<Float>.stride)
                if isWhole { hash.update(bytes) }
            }
            try writer.finish()
            if isWhole { known[file.name] = hash.finish() }
        }
        return known
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

    /// One of equal shares of all elements of the tensors.
    private struct Share {
        let rank: Int
        let count: Int
    }

    private static func parts(of tensors: [NamedTensor], _ share: Share) -> [Part] {
        parts(of: tensors.map { ($0.name, $0.shape) }, share) { index, elements in
            UnsafeBufferPointer(rebasing: tensors[index].values[elements])
        }
    }

    /// A share, whatever tensors its elements belong to.
    private static func parts(
        of shapes: [(name: String, shape: [Int])], _ share: Share,
        values: (Int, Range<Int>) -> UnsafeBufferPointer<Float>?
    ) -> [Part] {
        let counts = shapes.map { $0.shape.reduce(1, *) }
        let total = counts.reduce(0, +)
        let wanted = total * share.rank / share.count..<total * (share.rank + 1) / share.count
        var start = 0
        return counts.enumerated().compactMap { index, count in
            defer { start += count }
            let range = (start..<start + count).clamped(to: wanted)
            guard !range.isEmpty else { return nil }
            let elements = range.lowerBound - start..<range.upperBound - start
            return Part(index: index, elements: elements, values: values(index, elements))
        }
    }
}
