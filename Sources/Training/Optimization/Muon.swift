import CKernels
import Collectives
import Models
import Tensors

/// Muon (Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein, "Muon: an optimizer for hidden layers in
/// neural networks", 2024), as KellerJordan/Muon computes it.
///
///     g = gradient * scale             m = momentum m + (1 - momentum) g
///     u = (1 - momentum) g + momentum m                                        (Nesterov)
///     o = `NewtonSchulz`(u)            near U Vᵀ, where u = U S Vᵀ
///     p = p (1 - rate decay) - rate * max(1, outputs / inputs)^0.5 * o
///
/// for the weights of the linear layers of blocks, each as one matrix of `outputs` x `inputs`;
/// embeddings, the output layer, biases and norms are updated by `AdamW`. The rate is that of the schedule,
/// whose peak is `optimizer.matrix_learning_rate`. It keeps one number for each weight of a matrix, where
/// AdamW keeps two. Newton-Schulz is in float32, where the reference takes bfloat16.
struct Muon: UpdateRule {
    /// m, under the reference's name.
    static let stateSuffix = ".momentum_buffer"

    private let rate: Float
    private let shrink: Float
    private let matrices: MatrixUpdate?

    /// - Parameters:
    ///   - scale: that of matrices of this form.
    ///   - matrices: has orthogonalised them before the update.
    init(_ update: UpdateSettings, scale: Double, _ matrices: MatrixUpdate?) {
        rate = Float(update.learningRate * scale)
        shrink = Float(1 - update.learningRate * update.weightDecay)
        self.matrices = matrices
    }

    func update(_ piece: UpdatedPiece) {
        // The momentum has been written already.
        matrices?.notes(of: piece.number) { found, written in
            (piece.found.pointee, piece.written.pointee) = (found, written)
        }
        if let rounded = piece.rounded {
            kernel_muon_bf16(
                piece.weights, piece.gradients, piece.count, rate, shrink, rounded, piece.found,
                piece.written)
        } else {
            kernel_muon(
                piece.weights, piece.gradients, piece.count, rate, shrink, piece.found,
                piece.written)
        }
    }
}

/// A weight of a linear layer of a block, which Muon updates.
struct HiddenMatrix: Equatable, Sendable {
    /// The position in the layout.
    let parameter: Int
    /// Its elements in the flat vector.
    let range: Range<Int>
    /// As it is stored.
    let rows: Int
    let columns: Int
    /// max(1, outputs / inputs)^0.5.
    let scale: Double

    /// The trained ones of a model, in the order of its layout.
    static func all(in layout: ParameterLayout, of hidden: [LinearModule]) -> [HiddenMatrix] {
        let modules = Dictionary(hidden.map { ($0.weightName, $0) }) { first, _ in first }
        return layout.trained.compactMap { parameter in
            guard let module = modules[parameter.name], parameter.shape.count == 2 else {
                return nil
            }
            let ratio = Double(module.outputSize) / Double(module.inputSize)
            return HiddenMatrix(
                parameter: parameter.index, range: parameter.range, rows: parameter.shape[0],
                columns: parameter.shape[1], scale: max(1, ratio).squareRoot())
        }
    }

    /// Multiplications of a step of Newton-Schulz.
    var cost: Int {
        let (short, long) = (min(rows, columns), max(rows, columns))
        return short * short * (2 * long + short)
    }

    /// Floats that Newton-Schulz takes beside the matrix.
    var workCount: Int {
        let short = min(rows, columns)
        return 2 * short * short + range.count
    }
}
