import Collectives
import Datasets
import Evaluation
import JSON
import ModelFiles
import Models
import Tensors
import Testing
import TinyTrainings
import Training

@Suite struct SkippedStepTests {
    @Test(arguments: [Float.nan, .infinity])
    func aStepWithoutFiniteGradientIsSkippedAndCounted(scale: Float) throws {
        let training = try TinyTraining()
        let objective = BrokenObjective(
            model: training.model, brokenSteps: [2, 3], gradientScale: scale)
        let outcome = try training.train(on: objective, steps: 6, maximumSkippedSteps: 2)
        #expect(outcome == .finished)

        let state = try CheckpointReader.state(in: training.store.path(ofStep: 6))
        #expect(
            state
                == TrainerState(
                    step: 6, tokenCount: 6 * 4 * 8, updateCount: 4,
                    laneCount: TinyTraining.laneCount))
        let weights = training.model.parameters.values.array
        #expect(weights.allSatisfy { $0.isFinite })

        let lines = try metrics(training)
        let train = lines.filter { $0["kind"]?.string == "train" }
        #expect(train.map { $0["step"]?.integer } == [1, 2, 3, 4, 5, 6])
        #expect(train.map { $0["gradient_norm"] == .null } == [3, 4].marks(of: 6))
        let events = lines.filter { $0["kind"]?.string == "event" }
            .compactMap { $0["message"]?.string }
        #expect(events.count { $0.hasPrefix("step 3 skipped: ") } == 1)
        #expect(events.count { $0.hasPrefix("step 4 skipped: ") } == 1)
    }

    @Test func theWeightsOfASkippedStepStay() throws {
        let training = try TinyTraining()
        let before = training.model.parameters.values.array
        let objective = BrokenObjective(
            model: training.model, brokenSteps: [0, 1, 2], gradientScale: .nan)
        let error = #expect(throws: AgreedFailure.self) {
            try training.train(on: objective, steps: 3, maximumSkippedSteps: 3)
        }
        #expect(
            error?.failure.line.hasPrefix("the run ended without a finite loss or gradient") == true
        )
        #expect(
            try CheckpointReader.state(in: training.store.path(ofStep: 3)).skippedInARow == 3)
        #expect(training.model.parameters.values.array == before)
        #expect(training.optimizer.state.lists[0].array.allSatisfy { $0 == 0 })
    }

    @Test func tooManySkippedStepsInARowEndTheRun() throws {
        let training = try TinyTraining()
        let objective = BrokenObjective(
            model: training.model, brokenSteps: [1, 3, 4, 5], gradientScale: .nan)
        let error = #expect(throws: AgreedFailure.self) {
            _ = try training.train(on: objective, steps: 9, maximumSkippedSteps: 2)
        }
        let line = error?.failure.line ?? ""
        #expect(line.hasPrefix("the training diverged: 3 steps in a row without a finite gradient"))
        #expect(line.contains("(step 6)"))
        #expect(line.contains("first bad gradient transformer.wte.weight"))
        #expect(line.contains("batch sequences 0 (tokens "))
        #expect(error?.failure.exitCode == 1)
        #expect(error?.isEverywhere == true)
    }

    private func metrics(_ training: TinyTraining) throws -> [JSONValue] {
        try training.folder.text("metrics.jsonl").split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8), at: "metrics.jsonl")
        }
    }
}

extension [Int] {
    /// For each step from 1, whether it is among these.
    fileprivate func marks(of count: Int) -> [Bool] { (1...count).map(contains) }
}
