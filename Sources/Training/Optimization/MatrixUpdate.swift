import CKernels
import Collectives
import Tensors

/// Orthogonalises the matrices of Muon over the ranks, in the place of their gradients.
///
/// Rounds follow each other: while the matrix of one is worked on, the parts of the next come together.
final class MatrixUpdate {
    private let deal: MatrixDeal
    private let rank: Int
    private let decay: Float
    /// The pieces of matrices, by their numbers among the pieces of the optimizer.
    private let pieces: [(number: Int, piece: SliceParities.Piece)]
    /// What the kernel of the momentum has found and written of each piece of the optimizer.
    private let found, written: UnsafeMutableBufferPointer<kernel_parity>

    /// - Parameter pieces: all pieces of the optimizer.
    init(
        _ matrices: [HiddenMatrix], _ deal: MatrixDeal, rank: Int,
        pieces: [SliceParities.Piece], decay: Double
    ) {
        (self.deal, self.rank, self.decay) = (deal, rank, Float(decay))
        let own = Set(matrices.map(\.parameter))
        self.pieces = pieces.enumerated().filter { own.contains($0.element.place.parameter) }
            .map { ($0.offset, $0.element) }
        found = .allocate(capacity: max(1, pieces.count))
        written = .allocate(capacity: max(1, pieces.count))
        found.initialize(repeating: kernel_parity())
        written.initialize(repeating: kernel_parity())
    }

    deinit {
        found.deallocate()
        written.deallocate()
    }

    /// What the momentum of a piece was, and what it is.
    func notes(of piece: Int, _ body: (kernel_parity, kernel_parity) -> Void) {
        body(found[piece], written[piece])
    }

    /// Updates the momentum of this rank's pieces, and replaces their gradients by the orthogonalised ones.
    ///
    /// Collective.
    ///
    /// - Parameter gradients: in the layout of the parameter list.
    func orthogonalize(
        _ gradients: Tensor<Float>, gradientScale: Double, _ state: OptimizerState,
        over communicator: any Communicator
    ) throws {
        accumulate(gradients, scale: Float(gradientScale), state)
        let own = deal.rounds.joined().filter { $0.owner == rank }.map(\.matrix)
        let size = own.map(\.range.count).max() ?? 1
        let buffers = (0..<2).map { _ in state.device.uninitialized([size]) }
        let newton = NewtonSchulz(device: state.device)
        var (gathers, returns): ([PendingExchange], [PendingExchange]) = ([], [])
        do {
            for round in deal.rounds.indices {
                let buffer = buffers[round % 2]
                if round == 0 { gathers.append(try gather(0, gradients, buffer, communicator)) }
                try gathers[round].wait()
                if round + 1 < deal.rounds.count {
                    // Its buffer is that of the round before.
                    if round > 0 { try returns[round - 1].wait() }
                    gathers.append(
                        try gather(
                            round + 1, gradients, buffers[(round + 1) % 2], communicator))
                }
                if let matrix = duty(in: round)?.matrix {
                    let values = buffer.view(from: 0, shape: [matrix.rows, matrix.columns])
                    try newton.orthogonalize(values) { try communicator.drive() }
                }
                returns.append(try giveBack(round, buffer, gradients, communicator))
            }
            for exchange in returns { try exchange.wait() }
        } catch {
            for exchange in gathers + returns { exchange.abandon() }
            throw error
        }
    }

    private func accumulate(_ gradients: Tensor<Float>, scale: Float, _ state: OptimizerState) {
        state.device.forEach(pieces.count, as: .optimizer) { index in
            let (number, piece) = pieces[index]
            guard let found = found.baseAddress, let written = written.baseAddress else { return }
            let (list, position) = piece.numbers[0]
            kernel_muon_momentum(
                state.lists[list].pointer + position,
                gradients.pointer + piece.place.range.lowerBound, piece.place.range.count, decay,
                scale, found + number, written + number)
        }
    }

    /// This rank's duty in a round; nil where it has none.
    private func duty(in round: Int) -> MatrixDeal.Duty? {
        deal.rounds[round].first { $0.owner == rank }
    }

    /// Starts to bring the parts of the matrices of a round to their owners: this rank's one into `buffer`.
    private func gather(
        _ round: Int, _ gradients: Tensor<Float>, _ buffer: Tensor<Float>,
        _ communicator: any Communicator
    ) throws -> PendingExchange {
        let own = duty(in: round)
        for part in own?.sources ?? [] where part.owner == rank {
            copy(gradients.buffer[part.range], to: place(of: part, in: buffer, own))
        }
        return try communicator.exchange(
            sends: deal.rounds[round].filter { $0.owner != rank }.flatMap { duty in
                duty.sources.filter { $0.owner == rank }.map { part in
                    MessageToSend(
                        to: duty.owner, UnsafeRawBufferPointer(rebase(gradients, part.range)))
                }
            },
            receives: (own?.sources ?? []).filter { $0.owner != rank }.map { part in
                MessageToReceive(
                    from: part.owner,
                    UnsafeMutableRawBufferPointer(place(of: part, in: buffer, own)))
            })
    }

    /// Starts to bring the parts of the matrices of a round to those who update them, in the place of
    /// gradients.
    private func giveBack(
        _ round: Int, _ buffer: Tensor<Float>, _ gradients: Tensor<Float>,
        _ communicator: any Communicator
    ) throws -> PendingExchange {
        let own = duty(in: round)
        for part in own?.results ?? [] where part.owner == rank {
            let values = place(of: part, in: buffer, own)
            copy(values[...], to: rebase(gradients, part.range))
        }
        return try communicator.exchange(
            sends: (own?.results ?? []).filter { $0.owner != rank }.map { part in
                MessageToSend(
                    to: part.owner, UnsafeRawBufferPointer(place(of: part, in: buffer, own)))
            },
            receives: deal.rounds[round].filter { $0.owner != rank }.flatMap { duty in
                duty.results.filter { $0.owner == rank }.map { part in
                    MessageToReceive(
                        from: duty.owner,
                        UnsafeMutableRawBufferPointer(rebase(gradients, part.range)))
                }
            })
    }

    /// A part of the matrix in this rank's buffer.
    private func place(
        of part: MatrixDeal.Share, in buffer: Tensor<Float>, _ duty: MatrixDeal.Duty?
    ) -> GradientBuffer {
        let start = duty?.matrix.range.lowerBound ?? 0
        return rebase(buffer, part.range.lowerBound - start..<part.range.upperBound - start)
    }

    private func rebase(_ tensor: Tensor<Float>, _ range: Range<Int>) -> GradientBuffer {
        GradientBuffer(rebasing: tensor.buffer[range])
    }

    private func copy(_ source: Slice<GradientBuffer>, to place: GradientBuffer) {
        _ = place.update(fromContentsOf: source)
    }
}
