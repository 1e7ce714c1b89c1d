import Collectives
import Datasets

/// What a training makes with its own model before a step, and learns from: answers that are rewarded, or
/// that a teacher corrects.
///
/// It comes in the place of batches that are read. What it makes is the same on all ranks and for any
/// number of them.
package protocol Experience: AnyObject {
    /// Whether nothing is made nor written: what an earlier training has left is read.
    var isStored: Bool { get set }

    /// The sequences of the global batch of `step`, which counts from 0. Collective.
    ///
    /// - Precondition: the weights are those with which the step begins, whole on every rank.
    func batch(
        step: Int, sequences: Range<Int>, over communicator: any Communicator
    ) throws -> ExperiencedBatch

    /// What the model reaches on what is held out, after `step` steps; nil where nothing is, or where its
    /// loss is measured as ever. Collective.
    func validate(step: Int, over communicator: any Communicator) throws -> ExperiencedValidation?
}

/// A batch that was made, and what there is to tell of it.
package struct ExperiencedBatch {
    package let batch: TokenBatch
    /// By the names of metrics.
    package let measures: [String: Double]
    /// Lines for the log.
    package let notes: [String]
    /// Whether nothing can be learnt from the global batch: then no weight moves.
    package let isIdle: Bool

    package init(
        batch: TokenBatch, measures: [String: Double], notes: [String], isIdle: Bool
    ) {
        (self.batch, self.measures) = (batch, measures)
        (self.notes, self.isIdle) = (notes, isIdle)
    }
}

/// What a model reaches on what is held out.
package struct ExperiencedValidation {
    /// The lower, the better.
    package let loss: Double
    package let measures: [String: Double]

    package init(loss: Double, measures: [String: Double]) {
        (self.loss, self.measures) = (loss, measures)
    }
}
