import Tensors

/// What one thread works on at a time: elements of one trained parameter.
package struct ParameterPiece: Equatable, Sendable {
    /// Elements of the flat vector.
    package let range: Range<Int>
    /// The position of the parameter in the list.
    package let parameter: Int

    fileprivate static let size = 1 << 16
}

extension ParameterLayout {
    /// The trained parameters in a part of the flat vector, in pieces.
    func pieces(of part: Range<Int>) -> [ParameterPiece] {
        trained.flatMap { parameter in
            let own = parameter.range.clamped(to: part)
            return stride(from: own.lowerBound, to: own.upperBound, by: ParameterPiece.size).map {
                ParameterPiece(
                    range: $0..<min($0 + ParameterPiece.size, own.upperBound),
                    parameter: parameter.index)
            }
        }
    }
}
