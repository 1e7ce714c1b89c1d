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
            files: savesAll ? [momentum] + all : [], owners: islands.own, writesState: isFirst)
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
        let moments = state.isSharded ? state.pieces : share(of: state.tensors.map(\.values))
        return own
            + moments.map {
                OptimizerState.Piece(
                    index: weights.count + $0.index, elements: $0.elements, values: $0.values)
            }
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

    /// Reads this island's weights into the parameters, its moments into `whole`, and the outer momentum
    /// into `momentum`; on the first rank of an island.
    func read(_ whole: OptimizerState, _ momentum: OptimizerState, from directory: String) throws {
        try read(momentum.tensors, from: "\(directory)/\(Self.outerName)")
        let parameters = outer.weights.parameters
        let weights = layout.trained.map { parameter in
            (
                name: parameter.name, shape: parameter.shape,
                values: GradientBuffer(rebasing: parameters.values.buffer[parameter.range])
            )
        }
        try read(
            weights + (isFirst ? [] : whole.tensors),
            from: "\(directory)/\(Self.name(of: islands.number))")
    }

    private func read(
        _ tensors: [(name: String, shape: [Int], values: GradientBuffer)], from path: String
    ) throws {
        let file = try SafetensorsFile(path: path)
        for (name, shape, values) in tensors {
            guard file[name]?.shape == shape else {
                throw Failure(
                    "the state of an island does not fit the model: \(name)",
                    expected: "\(shape)", got: file[name].map { "\($0.shape)" } ?? "nothing",
                    at: path)
            }
            try file.readFloat32(name, into: values)
            try FiniteTensor(name, at: path).check(UnsafeBufferPointer(values), on: state.device)
        }
    }
}
