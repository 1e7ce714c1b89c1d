import Collectives
import Diagnostics
import Files
import JSON
import ModelFiles
import Models
import Tensors

/// Reads a checkpoint on many ranks: each that sees the files reads its part, and gives it to the others.
///
/// Every member is collective.
package struct CheckpointReader {
    let checkpoint: FoundCheckpoint
    let communicator: any Communicator

    package init(_ checkpoint: FoundCheckpoint, over communicator: any Communicator) {
        (self.checkpoint, self.communicator) = (checkpoint, communicator)
    }

    private var rank: Int { communicator.rank }

    package static func state(in directory: String) throws -> TrainerState {
        let path = directory + "/" + TrainerState.fileName
        let json = try JSONValue(parsing: FileReader.bytes(of: path), at: path)
        return try TrainerState(json: json, at: path)
    }

    /// Fills the weights of a model, and what it adds to them from the seed where the checkpoint does
    /// not have it.
    ///
    /// - Parameters:
    ///   - memory: where ranks of a node have one copy of the weights; nil where each has its own.
    ///   - copies: the ranks that have one copy together.
    package func readWeights(
        into model: LanguageModel, seed: UInt64, sharedIn memory: SharedMemory?, copies: HostMap
    ) throws {
        let copies = WeightCopies(copies)
        if copies.isFirst(rank) { model.initializeAdditions(seed: seed) }
        try together(memory)
        // In the order of their copies, so that a copy receives one range of each other.
        let readers = checkpoint.readers.sorted { copies.order(of: $0) < copies.order(of: $1) }
        let shares = EqualShares(of: model.parameters.layout.flatCount, among: readers.count)
        try communicator.agree {
            guard let index = readers.firstIndex(of: rank) else { return }
            try model.readWeights(from: checkpoint.path, part: shares[index])
            try model.readValueHead(from: checkpoint.path, part: shares[index])
        }
        try together(memory)
        let leaders = try copies.leaders(of: communicator)
        for copy in 0..<copies.count {
            let indices = readers.indices.filter { copies.copy(of: readers[$0]) == copy }
            guard let first = indices.first, let last = indices.last, copies.count > 1 else {
                continue
            }
            let range = shares[first].lowerBound..<shares[last].upperBound
            try leaders?.broadcast(
                UnsafeMutableRawBufferPointer(
                    GradientBuffer(rebasing: model.parameters.values.buffer[range])),
                from: copy)
        }
        try together(memory)
    }

    /// Returns once all ranks of a node see what each has written into the memory that they share.
    private func together(_ memory: SharedMemory?) throws {
        guard let memory else { return }
        try memory.synchronize()
        try communicator.barrier()
        try memory.synchronize()
    }

    /// Fills the state of an optimizer: where the ranks own different elements, each reads its own.
    package func read(_ state: OptimizerState) throws {
        let file = try communicator.agree {
            checkpoint.readers.contains(rank)
                ? try StateFile(state, in: checkpoint.path) : nil
        }
        if state.isSharded {
            try communicator.agree { try file.map { try $0.read(state.pieces) } }
            try serve(state, from: file)
        } else {
            try readTogether(state, from: file)
        }
    }

    /// Reads a state of which each rank has all: a part of each list, which then goes to the others.
    private func readTogether(_ state: OptimizerState, from file: StateFile?) throws {
        let count = state.layout.trainedCount
        let own = checkpoint.part(of: count, rank: rank)
        try communicator.agree { try file.map { try $0.read(state.pieces, in: own) } }
        for reader in checkpoint.readers where communicator.worldSize > 1 {
            for part in state.stored(of: checkpoint.part(of: count, rank: reader)) {
                try communicator.broadcast(UnsafeMutableRawBufferPointer(part), from: reader)
            }
        }
    }

    /// Sends their pieces of the state to the ranks that do not see the files, one after the other, from
    /// rank 0.
    private func serve(_ state: OptimizerState, from file: StateFile?) throws {
        guard checkpoint.readers.count < communicator.worldSize else { return }
        let own = checkpoint.readers.contains(rank) ? [] : state.pieces
        let wanted = try communicator.allGather(
            ofAnySize: own.map {
                "\($0.index) \($0.elements.lowerBound) \($0.elements.upperBound)\n"
            }
            .joined().utf8.map { $0 }
        ).map { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
        for (peer, lines) in wanted.enumerated() {
            for (number, line) in lines.enumerated() {
                var values: [Float] = []
                try communicator.agree {
                    guard rank == 0, let file else { return }
                    values = try file.values(of: line.split(separator: " ").compactMap { Int($0) })
                }
                try values.withUnsafeBytes { bytes in
                    let sends = rank == 0 ? [MessageToSend(to: peer, bytes)] : []
                    let receives =
                        rank == peer
                        ? [
                            MessageToReceive(
                                from: 0, UnsafeMutableRawBufferPointer(own[number].values))
                        ] : []
                    try communicator.exchange(sends: sends, receives: receives).wait()
                }
            }
        }
    }
}
