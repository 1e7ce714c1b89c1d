import Collectives
import Diagnostics
import Evaluation
import Foundation
import ModelFiles
import Models
import Tensors

extension Trainer {
    /// Waits until the checkpoint before is published; true where a stop was asked for first. Collective.
    func awaitsCheckpointInVain() throws -> Bool {
        while saver.stepUnderWay != nil {
            Thread.sleep(forTimeInterval: 0.002)
            if try agreeAtBoundary() { return true }
        }
        return false
    }

    /// Saves before the run stops, as far as the time that it was given allows it.
    func saveInTime() throws {
        let budget = try StopBudget.agree(setup, saver)
        if let note = budget.note(step: state.step, other: saver.stepUnderWay) {
            setup.logger.warning("\(note)")
        }
        switch budget.choice {
        case .save: try save()
        case .saveInstead:
            try saver.abandon()
            try save()
        case .complete: try saver.finish()
        }
    }

    /// Runs `body` on the weights that are the run's: on islands, those that they have in common, and the
    /// average of an optimizer that keeps one.
    func onCommonWeights<Value>(_ body: () throws -> Value) throws -> Value {
        try islands?.onCommonWeights(body)
            ?? setup.optimizer.onAverage(over: setup.communicator, body)
    }

    /// Begins a checkpoint of replicas that are equal.
    func save() throws {
        try setup.optimizer.completeParameters()
        let list = setup.model.parameters
        var tensors = list.named(list.values, of: list.trained)
        if !setup.optimizer.state.isSharded { tensors += setup.optimizer.state.named }
        try setup.alone { try ReplicaCheck.run(setup, step: state.step) }
        guard let islands else {
            return try onCommonWeights {
                try refuseNonFinite(tensors)
                try saver.begin(state)
            }
        }
        try islands.prepareSave(&state)
        try onCommonWeights {
            tensors = list.named(list.values, of: list.trained)
            try ReplicaCheck(
                communicator: setup.communicator, copies: setup.weightCopies(), tensors: tensors,
                threads: list.device.threads
            ).run(step: state.step)
            try refuseNonFinite(tensors)
            try saver.begin(state)
        }
    }

    /// Updates of finite gradients overflow where the learning rate is far too high.
    private func refuseNonFinite(_ tensors: [NamedTensor]) throws {
        let device = setup.model.device
        let bad = tensors.first { FiniteTensor.firstNonFinite(in: $0.values, on: device) != nil }
        guard let bad else { return }
        throw AgreedFailure(
            Failure(
                "the training diverged: \(bad.name) is not finite", at: "step \(state.step)",
                remedy: FailureText(
                    "this step was not saved: resume with a lower \(key: "optimizer.learning_rate")"
                )),
            rank: 0, isEverywhere: true)
    }
}
