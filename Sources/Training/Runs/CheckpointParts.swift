import ModelFiles

/// Bytes of a checkpoint's file, and the values that they hold.
struct Part {
    enum Values {
        case header(ArraySlice<UInt8>)
        case floats(UnsafeBufferPointer<Float>)
        /// Elements of a tensor of the state that rank 0 gathers from all ranks.
        case gathered(tensor: Int, elements: Range<Int>)
    }

    let file: Int
    let range: Range<Int>
    let values: Values
}

/// The parts of a checkpoint that one rank writes, in the order of the files and their bytes.
struct PartList {
    /// The state of the optimizer, as this rank has it.
    enum State {
        /// All of it, in tensors.
        case whole([NamedTensor])
        /// The pieces that this rank owns.
        case owned([OptimizerState.Piece])
        /// All of it once it has been gathered.
        case gathered
    }

    private static let (weightsFile, stateFile) = (0, 1)
    private static let floatSize = MemoryLayout<Float>.stride

    private(set) var parts: [Part] = []
    private let layout: CheckpointLayout

    init(
        _ layout: CheckpointLayout, rank: Int, among worldSize: Int, weights: [NamedTensor],
        state: State, extras: [CheckpointExtras.File] = []
    ) {
        self.layout = layout
        var sizes = layout.files[...Self.stateFile].map(\.size)
        if case .owned = state { sizes.removeLast() }
        let shares = BlockShares(sizes: sizes, worldSize: worldSize)
        let own = sizes.indices.map { shares.range(of: $0, rank: rank) }
        add(own[Self.weightsFile], of: Self.weightsFile) { index, elements in
            .floats(UnsafeBufferPointer(rebasing: weights[index].values[elements]))
        }
        switch state {
        case .whole(let tensors):
            add(own[Self.stateFile], of: Self.stateFile) { index, elements in
                .floats(UnsafeBufferPointer(rebasing: tensors[index].values[elements]))
            }
        case .gathered:
            add(own[Self.stateFile], of: Self.stateFile) { .gathered(tensor: $0, elements: $1) }
        case .owned(let pieces):
            add(pieces, of: Self.stateFile, isFirst: rank == 0)
        }
        for (number, file) in extras.enumerated() {
            add(file.pieces, of: Self.stateFile + 1 + number, isFirst: rank == 0)
        }
    }

    /// Adds what lies in a range of a file.
    private mutating func add(
        _ range: Range<Int>, of file: Int, values: (Int, Range<Int>) -> Part.Values
    ) {
        addHeader(in: range, of: file)
        let layout = layout.files[file].layout
        for (index, entry) in layout.entries.enumerated() {
            let place = layout.fileRange(of: entry)
            let own = place.clamped(to: range)
            guard !own.isEmpty else { continue }
            // Blocks and headers are multiples of 8 bytes: no number is cut.
            let elements =
                (own.lowerBound - place.lowerBound)
                / Self.floatSize..<(own.upperBound - place.lowerBound) / Self.floatSize
            parts.append(Part(file: file, range: own, values: values(index, elements)))
        }
    }

    private mutating func addHeader(in range: Range<Int>, of file: Int) {
        let header = layout.files[file].layout.header
        let own = (0..<header.count).clamped(to: range)
        guard !own.isEmpty else { return }
        parts.append(Part(file: file, range: own, values: .header(header[own])))
    }

    /// Adds what ranks own of a file, whose header the first of them writes.
    private mutating func add(_ pieces: [OptimizerState.Piece], of file: Int, isFirst: Bool) {
        if isFirst { addHeader(in: 0..<Int.max, of: file) }
        for piece in pieces { add(piece, of: file) }
    }

    private mutating func add(_ piece: OptimizerState.Piece, of file: Int) {
        let layout = layout.files[file].layout
        let first = layout.fileRange(of: layout.entries[piece.index]).lowerBound
        let range =
            first + piece.elements.lowerBound * Self.floatSize..<first
            + piece.elements.upperBound * Self.floatSize
        parts.append(
            Part(
                file: file, range: range,
                values: .floats(UnsafeBufferPointer(piece.values))))
    }
}
