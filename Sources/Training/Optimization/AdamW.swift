import CKernels
import Collectives
import Foundation
import Options
import Tensors

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
///
///     g = gradient * scale
///     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g²
///     p = p (1 - rate decay) - rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// Matrices decay; biases and norms (one dimension) do not.
package final class AdamW {
    package let parameters: ParameterList
    /// m and v of the elements that this rank updates.
    package let state: OptimizerState
    /// The way of the updated slices to other ranks; nil where each rank updates all.
    let gather: SliceGather?
    /// What comes by it; nil without it.
    let received: ReceivedParities?
    /// t: updates made so far.
    package var updateCount = 0
    private let options: OptimizerOptions
    /// The groups of weights of the model that are updated alike.
    private let groups: [Group]
    /// Of each parameter the number of its group.
    private let groupNumbers: [Int]
    /// The slices that this rank updates; with buckets, its slice of each, which may be empty.
    private let slices: [Slice]
    /// The number of the first piece of each slice.
    private let firstPieces: [Int]
    /// The settings of each group in the update under way.
    private var rates: [kernel_adamw_settings] = []
    /// What the last update wrote, and whether it is still there.
    package let parities: SliceParities

    /// The ends of the names of m and v in a checkpoint, in PyTorch's words.
    package static let stateSuffixes = [".exp_avg", ".exp_avg_sq"]

    /// - Parameters:
    ///   - buckets: shares the state and the update out among the ranks; nil keeps all here.
    ///   - rank: whose slices are kept here.
    package convenience init(
        _ options: OptimizerOptions, parameters: ParameterList, buckets: GradientBuckets? = nil,
        rank: Int = 0
    ) {
        self.init(
            options, parameters: parameters, buckets: buckets, rank: rank, gather: nil,
            received: nil)
    }

    /// - Parameters:
    ///   - gather: the way of the updated slices to other ranks.
    ///   - received: what comes by it.
    init(
        _ options: OptimizerOptions, parameters: ParameterList, buckets: GradientBuckets?,
        rank: Int, gather: SliceGather?, received: ReceivedParities?
    ) {
        self.options = options
        self.parameters = parameters
        let groupOf = Group.byParameter(of: parameters, options)
        groups = Array(Set(groupOf)).sorted {
            ($0.factor, $0.decays ? 1 : 0) < ($1.factor, $1.decays ? 1 : 0)
        }
        let groups = groups
        groupNumbers = groupOf.map { groups.firstIndex(of: $0) ?? 0 }
        self.gather = gather
        self.received = received
        state = OptimizerState(
            Self.stateSuffixes, of: parameters.layout, on: parameters.device, buckets: buckets,
            rank: rank)
        slices = state.slices.map {
            Slice(place: $0, pieces: parameters.layout.pieces(of: $0.range))
        }
        var pieceCount = 0
        firstPieces = slices.map { slice in
            defer { pieceCount += slice.pieces.count }
            return pieceCount
        }
        parities = SliceParities(
            slices.flatMap { slice in
                slice.pieces.map { piece in
                    SliceParities.Piece(
                        place: piece, moment: slice.place.position(of: piece.range.lowerBound))
                }
            })
    }

    /// m of the elements that this rank updates.
    package var firstMoments: Tensor<Float> { state.lists[0] }
    /// v of the elements that this rank updates.
    package var secondMoments: Tensor<Float> { state.lists[1] }

    /// Updates every trained parameter in this rank's slices.
    ///
    /// - Parameters:
    ///   - gradients: in the layout of the parameter list.
    ///   - gradientScale: what clipping multiplies them with.
    package func update(_ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double) {
        update(gradients, learningRate: learningRate, gradientScale: gradientScale) { _ in }
    }

    /// Updates every trained parameter in this rank's slices, and calls `sliceIsDone` with the
    /// index of each slice after its update.
    func update(
        _ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double,
        sliceIsDone: (Int) throws -> Void
    ) rethrows {
        beginUpdate(learningRate: learningRate, gradientScale: gradientScale)
        for index in slices.indices {
            updateSlice(index, with: gradients)
            try sliceIsDone(index)
        }
        finishUpdate()
    }

    /// Begins an update, of which each slice follows by itself, in any order.
    func beginUpdate(learningRate: Double, gradientScale: Double) {
        updateCount += 1
        rates = groups.map { group in
            settings(
                learningRate: learningRate * group.factor, gradientScale: gradientScale,
                decays: group.decays)
        }
    }

    /// To be called once all slices are updated.
    func finishUpdate() { parities.finishUpdate() }

    /// Updates slice `index` of this rank.
    ///
    /// - Parameter gradients: in the layout of the parameter list; those of the slice are read.
    func updateSlice(_ index: Int, with gradients: Tensor<Float>) {
        precondition(
            gradients.count == parameters.layout.trainedCount,
            "expected \(parameters.layout.trainedCount) gradients, got \(gradients.count)")
        let (slice, firstPiece, rates) = (slices[index], firstPieces[index], rates)
        let (values, rounded) = (parameters.values, parameters.bfloat16)
        let (firstMoments, secondMoments) = (firstMoments, secondMoments)
        parameters.device.forEach(slice.pieces.count, as: .optimizer) { index in
            let piece = slice.pieces[index]
            let start = piece.range.lowerBound
            let moment = slice.place.position(of: start)
            var settings = rates[groupNumbers[piece.parameter]]
            parities.places(of: firstPiece + index) { found, written in
                if let rounded {
                    kernel_adamw_bf16(
                        values.pointer + start, firstMoments.pointer + moment,
                        secondMoments.pointer + moment, gradients.pointer + start,
                        piece.range.count, &settings, rounded.pointer.kernel + start, found,
                        written)
                } else {
                    kernel_adamw(
                        values.pointer + start, firstMoments.pointer + moment,
                        secondMoments.pointer + moment, gradients.pointer + start,
                        piece.range.count, &settings, found, written)
                }
            }
        }
    }

    /// A slice of the state, in pieces.
    private struct Slice {
        let place: OptimizerState.Slice
        let pieces: [ParameterPiece]
    }

    /// Weights that share settings.
    private struct Group: Hashable {
        let factor: Double
        let decays: Bool

        static func byParameter(
            of list: ParameterList, _ options: OptimizerOptions
        ) -> [Group] {
            // A factor that cannot be read was refused with the recipe.
            let factors = options.learningRateFactors.compactMap { try? LearningRateFactor($0) }
            return list.parameters.map { parameter in
                Group(
                    factor: LearningRateFactor.factor(of: parameter.name, in: factors),
                    decays: parameter.shape.count >= 2)
            }
        }
    }

    private func settings(
        learningRate: Double, gradientScale: Double, decays: Bool
    ) -> kernel_adamw_settings {
        kernel_adamw_settings(
            learning_rate: Float(learningRate), beta1: Float(options.beta1),
            beta2: Float(options.beta2), epsilon: Float(options.epsilon),
            weight_decay: decays ? Float(options.weightDecay) : 0,
            first_correction: Float(1 - pow(options.beta1, Double(updateCount))),
            second_correction: Float(1 - pow(options.beta2, Double(updateCount))),
            gradient_scale: Float(gradientScale))
    }
}

/// Clipping by the global norm (Pascanu et al., 2013): gradients longer than the limit are scaled to it.
package struct GradientClipping: Equatable, Sendable {
    /// 0 never scales.
    private let maximumNorm: Double

    /// Added to the norm before the division, as PyTorch does.
    private static let epsilon = 1e-6

    package init(maximumNorm: Double) {
        self.maximumNorm = maximumNorm
    }

    /// The factor by which clipping multiplies gradients of this norm.
    package func scale(norm: Double) -> Double {
        guard maximumNorm > 0 else { return 1 }
        return min(1, maximumNorm / (norm + Self.epsilon))
    }
}
