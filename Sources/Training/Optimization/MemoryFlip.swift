import Collectives
import Diagnostics
import Foundation

extension Optimizer {
    /// The failure of an update that found a flipped bit; nil where every bit was as the update before
    /// had written it, or as it had come from the rank that did.
    package var flipFound: Failure? {
        parities.flip.map(failure)
            ?? received?.flip.map { failure($0, "", expected: "what its owner has sent") }
    }

    /// Looks at all that this rank keeps up to date, weights and moments.
    ///
    /// - Throws: `Failure` that names the tensor in which a bit has flipped since the last update.
    package func checkMemory() throws {
        if let flip = parities.check(parameters.values, state) { throw failure(flip) }
    }

    /// Whether all ranks, which update the same elements, have written the same bits; false where one
    /// cannot know. Collective.
    func hasWrittenAlike(over communicator: any Communicator) throws -> Bool {
        let digest = parities.digest ?? 0
        let agreed = try communicator.allReduce(
            [digest, ~digest, parities.digest == nil ? 0 : 1], .minimum)
        // The minimum of the complements is the complement of the maximum.
        return agreed[0] == ~agreed[1] && agreed[2] == 1
    }

    /// Takes weights that something else has written for right.
    package func acceptWeights() {
        parities.forget()
        received?.forget()
    }

    private func failure(_ flip: SliceParities.Flip) -> Failure {
        let piece = parities.pieces[flip.piece].place
        let suffix = flip.list.map { state.kinds[$0].suffix } ?? ""
        return failure(piece, suffix, expected: "what the last update wrote")
    }

    private func failure(_ piece: ParameterPiece, _ suffix: String, expected: String) -> Failure {
        let parameter = parameters.parameters[piece.parameter]
        let first = piece.range.lowerBound - parameter.range.lowerBound
        return Failure(
            "a bit of the memory has flipped", expected: expected,
            got: "other bits in elements \(first)..<\(first + piece.range.count)",
            at: "\(parameter.name)\(suffix), host \(ProcessInfo.processInfo.hostName)",
            remedy: "nothing of it was saved: test the memory of the host, then go on from the "
                + "checkpoint before with --resume")
    }
}
