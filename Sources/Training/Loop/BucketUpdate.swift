import CKernels
import Collectives
import Tensors

/// The update of weights bucket by bucket, as soon as each is reduced, after which nothing of its gradient
/// is kept.
///
/// That is as good as an update after the whole gradient where nothing of the whole decides on it: no
/// limit of its norm, and no step that is skipped. All ranks have gone back through a bucket that is
/// reduced, so none has use for its old weights.
final class BucketUpdate {
    /// What became of the update of a step.
    struct Result {
        /// The first of the trained parameters, by its number, of which this rank has found a gradient
        /// that is not finite: it was not used, nor what came after.
        fileprivate(set) var firstNonFinite: Int?
    }

    private let optimizer: Optimizer
    private let gradients: Tensor<Float>
    private let reducer: BucketReducer
    private let rank: Int
    private(set) var result = Result()

    /// - Parameters:
    ///   - gradients: where the sums of the slices of `rank`, this one, lie for a while.
    ///   - reducer: has just reduced a bucket whenever `update` is called.
    init(
        _ optimizer: Optimizer, _ gradients: Tensor<Float>, _ reducer: BucketReducer, rank: Int
    ) {
        (self.optimizer, self.gradients, self.reducer) = (optimizer, gradients, reducer)
        self.rank = rank
    }

    /// - Parameter weight: the divisor of the sums.
    func begin(learningRate: Double, weight: Double) {
        result = Result()
        optimizer.beginUpdate(
            learningRate: learningRate, gradientScale: weight > 0 ? 1 / weight : 0)
    }

    func update(_ bucket: GradientBucket) throws {
        if !reducer.isFinite(bucket) { noteNonFinite(in: bucket.slice(of: rank)) }
        try optimizer.update(bucket, with: result.firstNonFinite == nil ? gradients : nil)
    }

    func finish() { optimizer.finishUpdate() }

    /// Buckets come from the last one on: what is found now is the first so far.
    private func noteNonFinite(in slice: Range<Int>) {
        let parameters = optimizer.parameters.trained
        let found = parameters.firstIndex { parameter in
            let values = gradients.slice(parameter.range.clamped(to: slice))
            return !kernel_sum_of_squares(values.pointer, values.count).isFinite
        }
        result.firstNonFinite = found ?? result.firstNonFinite
    }
}
