import CKernels
import Tensors

/// What the last update of an optimizer wrote, kept as the exclusive or of the bits of each piece: any
/// one bit of the memory that flips afterwards changes it.
///
/// The kernel that writes a piece tells what it found there and what it wrote, which costs no pass over
/// the memory; before a checkpoint the pieces are read once more.
package final class SliceParities {
    /// What the kernel works on at a time.
    package struct Piece {
        package let place: ParameterPiece
        /// The lists of the state that have numbers of its elements, and the position of the first one in
        /// each.
        package let numbers: [(list: Int, position: Int)]
    }

    /// A piece in which a bit has flipped.
    struct Flip: Equatable {
        let piece: Int
        /// The list of the state; nil for the weights.
        let list: Int?
    }

    package let pieces: [Piece]
    /// Of each piece what was found by the update under way, and what was written by the last one.
    private let found, written: UnsafeMutableBufferPointer<kernel_parity>
    /// Whether nobody but the optimizer has written since its last update.
    private var areValid = false
    /// The first flip that an update has found.
    private(set) var flip: Flip?

    init(_ pieces: [Piece]) {
        self.pieces = pieces
        found = .allocate(capacity: max(1, pieces.count))
        written = .allocate(capacity: max(1, pieces.count))
        found.initialize(repeating: kernel_parity())
        written.initialize(repeating: kernel_parity())
    }

    deinit {
        found.deallocate()
        written.deallocate()
    }

    /// Where the kernel tells what it found of a piece, and what it wrote; each piece has one thread.
    func places(
        of piece: Int,
        _ body: (
            _ found: UnsafeMutablePointer<kernel_parity>,
            _ written: UnsafeMutablePointer<kernel_parity>
        ) -> Void
    ) {
        let old = written[piece]
        guard let start = found.baseAddress, let end = written.baseAddress else { return }
        body(start + piece, end + piece)
        // What was there before the update is compared once all threads are done.
        found[piece] = found[piece].difference(from: old)
    }

    /// To be called once all pieces are updated.
    func finishUpdate() {
        if areValid, flip == nil { flip = firstDifference }
        areValid = true
    }

    /// A number that tells the pieces of two ranks apart which have written other bits; nil where
    /// somebody else has written.
    var digest: Int64? {
        guard areValid else { return nil }
        let words = written.prefix(pieces.count).flatMap {
            [$0.weights, $0.first_moments, $0.second_moments, $0.third]
        }
        // FNV-1a over words.
        let hash = words.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
        return Int64(bitPattern: hash)
    }

    /// Takes what is there now for right, as after weights were read or averaged.
    func forget() { areValid = false }

    /// Reads all pieces, on the threads of the device, and compares them with what was written.
    ///
    /// - Returns: the first piece in which a bit has flipped since, or was found by an update.
    func check(_ weights: Tensor<Float>, _ state: OptimizerState) -> Flip? {
        guard areValid, flip == nil else { return flip }
        let (lists, pieces) = (state.lists, pieces)
        state.device.threads.forEach(pieces.count) { index in
            let (piece, range) = (pieces[index], pieces[index].place.range)
            func parity(_ number: Int) -> UInt32 {
                guard number < piece.numbers.count else { return 0 }
                let (list, position) = piece.numbers[number]
                return kernel_parity_of(lists[list].pointer + position, range.count)
            }
            let now = kernel_parity(
                weights: kernel_parity_of(weights.pointer + range.lowerBound, range.count),
                first_moments: parity(0), second_moments: parity(1), third: parity(2))
            found[index] = now.difference(from: written[index])
        }
        flip = firstDifference
        return flip
    }

    private var firstDifference: Flip? {
        for (index, difference) in found.prefix(pieces.count).enumerated() {
            if difference.weights != 0 { return Flip(piece: index, list: nil) }
            let differences = [
                difference.first_moments, difference.second_moments, difference.third,
            ]
            if let number = differences.firstIndex(where: { $0 != 0 }) {
                return Flip(piece: index, list: pieces[index].numbers[number].list)
            }
        }
        return nil
    }
}

extension kernel_parity {
    /// The bits that differ; all 0 where nothing does.
    fileprivate func difference(from other: kernel_parity) -> kernel_parity {
        kernel_parity(
            weights: weights ^ other.weights,
            first_moments: first_moments ^ other.first_moments,
            second_moments: second_moments ^ other.second_moments, third: third ^ other.third)
    }
}
