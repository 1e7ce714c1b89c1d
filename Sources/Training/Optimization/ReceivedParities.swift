import CKernels
import Tensors

/// What a rank has received of the parameters that other hosts update, kept as the exclusive or of the
/// bits of each piece: any one bit that flips before the next update overwrites them changes it.
///
/// No kernel of this host writes these parameters, so that each is read twice a step: as it has come,
/// and before its place is given to what comes next.
final class ReceivedParities {
    private let values: Tensor<Float>
    private let layout: ParameterLayout
    private let threads: ThreadPool
    /// What was received, by its begin in the flat vector.
    private var arrivals: [Int: Arrival] = [:]
    /// The first piece in which a bit has flipped.
    private(set) var flip: ParameterPiece?

    private struct Arrival {
        let range: Range<Int>
        let pieces: [ParameterPiece]
        var parities: [UInt32] = []
    }

    init(of parameters: ParameterList) {
        values = parameters.values
        layout = parameters.layout
        threads = parameters.device.threads
    }

    /// Takes what has come for right.
    func keep(_ range: Range<Int>) {
        var arrival =
            arrivals[range.lowerBound] ?? Arrival(range: range, pieces: layout.pieces(of: range))
        arrival.parities = parities(of: arrival.pieces)
        arrivals[range.lowerBound] = arrival
    }

    /// Looks at what had come of `range`, which is to be overwritten.
    func check(_ range: Range<Int>) {
        guard flip == nil else { return }
        for arrival in arrivals.values
        where arrival.range.overlaps(range) && !arrival.parities.isEmpty {
            let found = zip(parities(of: arrival.pieces), arrival.parities)
            let different = zip(arrival.pieces, found).first { $0.1.0 != $0.1.1 }
            if let different { flip = different.0 }
        }
    }

    /// Knows nothing until something comes again, as after weights were read or averaged.
    func forget() {
        for begin in arrivals.keys { arrivals[begin]?.parities = [] }
    }

    private func parities(of pieces: [ParameterPiece]) -> [UInt32] {
        var parities = [UInt32](repeating: 0, count: pieces.count)
        parities.withUnsafeMutableBufferPointer { parities in
            let values = self.values
            threads.forEach(pieces.count) { index in
                let range = pieces[index].range
                parities[index] = kernel_parity_of(
                    values.pointer + range.lowerBound, range.count)
            }
        }
        return parities
    }
}
