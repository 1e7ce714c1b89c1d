import Collectives
import Diagnostics
import Files
import ModelFiles
import Tensors

/// The files of a checkpoint that hold what the islands do not have in common: an exact resume needs each
/// island's own weights and moments, and the outer momentum.
///
/// The moments of the first island lie where those of a run without islands do.
struct IslandFiles {
    let outer: OuterOptimizer
    let state: OptimizerState

    static let outerName = "outer.safetensors"

    static func name(of island: Int) -> String {
        let digits = String(island)
        return "island-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            + ".safetensors"
    }

    private var islands: Islands { outer.islands }
    private var isFirst: Bool { islands.number == 0 }
    private var layout: ParameterLayout { state.layout }

    /// - Parameter savesAll: whether all ranks write; else rank 0 does, which knows its island alone.
    func extras(savesAll: Bool) -> CheckpointExtras {
        let momentum = CheckpointExtras.File(
            name: Self.outerName, shapes: outer.momentum.shapes,
            pieces: isFirst ? outer.momentum.pieces : [])
        let all = (0..<islands.count).map { island in
            CheckpointExtras.File(
                name: Self.name(of: island), shapes: Self.shapes(of: island, state),
                pieces: island == islands.number ? pieces : [])
        }
        return CheckpointExtras(
            files: savesAll ? [momentum] + all : [], owners: islands.own,
            statePieces: isFirst ? moments : [])
    }

    /// The bytes of each of the files.
    static func sizes(_ state: OptimizerState, islandCount: Int) -> [Int] {
        let momentum = state.layout.trained.map { ($0.name + OuterOptimizer.suffix, $0.shape) }
        return [SafetensorsLayout(momentum).fileSize]
            + (0..<islandCount).map { SafetensorsLayout(shapes(of: $0, state)).fileSize }
    }

    private static func shapes(
        of island: Int, _ state: OptimizerState
    ) -> [(name: String, shape: [Int])] {
        state.layout.trained.map { ($0.name, $0.shape) } + (island == 0 ? [] : state.shapes)
    }

    /// What this rank writes of its island's file. While a checkpoint is copied the island's own weights
    /// lie where the common ones are to be found else.
    private var pieces: [OptimizerState.Piece] {
        let values = outer.weights.values
        let weights = layout.trained.map { GradientBuffer(rebasing: values[$0.range]) }
        let own = share(of: weights)
        guard !isFirst else { return own }
        return own
            + moments.map {
                OptimizerState.Piece(
                    index: weights.count + $0.index, elements: $0.elements, values: $0.values)
            }
    }

    /// What this rank writes of its island's moments.
    private var moments: [OptimizerState.Piece] {
        state.isSharded ? state.pieces : share(of: state.tensors.map(\.values))
    }

    /// This rank's part, of those of its island, of all elements of some tensors.
    private func share(of tensors: [GradientBuffer]) -> [OptimizerState.Piece] {
        let (rank, count) = (islands.own.rank, islands.own.worldSize)
        let total = tensors.reduce(0) { $0 + $1.count }
        let wanted = total * rank / count..<total * (rank + 1) / count
        var start = 0
        return tensors.enumerated().compactMap { index, tensor in
            defer { start += tensor.count }
            let range = (start..<start + tensor.count).clamped(to: wanted)
            guard !range.isEmpty else { return nil }
            let elements = range.lowerBound - start..<range.upperBound - start
            return OptimizerState.Piece(
                index: index, elements: elements,
                values: GradientBuffer(rebasing: tensor[elements]))
        }
    }
}

// Back from the disk.
extension IslandFiles {
    /// Whether a checkpoint holds the files of so many islands.
    static func areThere(in directory: String, count: Int) throws -> Bool {
        try (0..<count).map { name(of: $0) }.reduce(
            DirectoryEntries.isThere("\(directory)/\(outerName)")
        ) { try $0 && DirectoryEntries.isThere("\(directory)/\($1)") }
    }

    /// Reads this island's weights into the parameters, on its first rank; and on each its part of the
    /// island's moments, where they are not in the file of every run, and of the outer momentum.
    func read(from directory: String) throws {
        let island = islands.own
        try StateFile(outer.momentum, in: directory, named: Self.outerName)
            .read(outer.momentum.pieces)
        let name = Self.name(of: islands.number)
        if !isFirst {
            let part = EqualShares(of: layout.trainedCount, among: island.worldSize)[island.rank]
            try StateFile(state, in: directory, named: name)
                .read(state.pieces, in: state.isSharded ? nil : part)
        }
        if island.rank == 0 { try readWeights(from: "\(directory)/\(name)") }
    }

    /// Brings what each rank of an island has read of moments that all keep whole to the others.
    /// Collective over the island.
    func spreadMoments() throws {
        let island = islands.own
        guard !isFirst, !state.isSharded, island.worldSize > 1 else { return }
        let shares = EqualShares(of: layout.trainedCount, among: island.worldSize)
        for rank in 0..<island.worldSize {
            for part in state.stored(of: shares[rank]) {
                try island.broadcast(UnsafeMutableRawBufferPointer(part), from: rank)
            }
        }
    }

    private func readWeights(from path: String) throws {
        let values = outer.weights.parameters.values.buffer
        let file = try SafetensorsFile(path: path)
        for parameter in layout.trained {
            let (name, shape) = (parameter.name, parameter.shape)
            guard file[name]?.shape == shape else {
                throw Failure(
                    "the weights of an island do not fit the model: \(name)",
                    expected: "\(shape)", got: file[name].map { "\($0.shape)" } ?? "nothing",
                    at: path)
            }
            let place = GradientBuffer(rebasing: values[parameter.range])
            try file.readFloat32(name, into: place)
            try FiniteTensor(name, at: path).check(UnsafeBufferPointer(place), on: state.device)
        }
    }
}
