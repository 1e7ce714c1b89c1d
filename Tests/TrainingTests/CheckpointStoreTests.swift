import Collectives
import Diagnostics
import Foundation
import Testing
import TinyTrainings
import Training

@Suite struct CheckpointStoreTests {
    @Test func namesSortAsTheirSteps() {
        #expect(CheckpointStore.name(ofStep: 200) == "step-00000200")
        #expect(CheckpointStore.name(ofStep: 123_456_789) == "step-123456789")
    }

    @Test func weightsAndMomentsComeBackBitForBit() throws {
        let training = try TinyTraining()
        let (firstMoments, secondMoments) = (
            training.optimizer.state.lists[0], training.optimizer.state.lists[1]
        )
        for (index, parameter) in training.model.parameters.parameters.enumerated() {
            for position in parameter.range {
                firstMoments.buffer[position] = -0.001 * Float(position + index)
                secondMoments.buffer[position] = 1 / Float(position + 3)
            }
        }
        try training.save(step: 7)

        let other = try TinyTraining()
        other.model.initialize(seed: 2)
        let directory = training.store.path(ofStep: 7)
        try other.model.readWeights(from: directory)
        let found = try #require(try training.store.newestComplete { _ in })
        try CheckpointReader(found, over: SingleProcess()).read(other.optimizer.state)
        #expect(other.model.parameters.values.array == training.model.parameters.values.array)
        #expect(other.optimizer.state.lists[0].array == firstMoments.array)
        #expect(other.optimizer.state.lists[1].array == secondMoments.array)
        #expect(try CheckpointReader.state(in: directory).step == 7)
    }

    @Test func latestIsALinkToTheNewestStep() throws {
        let training = try TinyTraining()
        try training.save(step: 5)
        try training.save(step: 10)
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: training.folder("latest"))
        #expect(link == "step-00000010")
    }

    @Test func keepLastRemovesTheOldest() throws {
        let training = try TinyTraining()
        for step in [5, 10, 15] { try training.save(step: step) }
        try training.store.keepLast(0, upTo: 15)
        #expect(try training.store.steps == [5, 10, 15])
        try training.store.keepLast(2, upTo: 15)
        #expect(try training.store.steps == [10, 15])
    }

    @Test func keepLastKeepsTheBestBesides() throws {
        let training = try TinyTraining()
        for step in [5, 10, 15, 20] { try training.save(step: step) }
        try training.store.keepLast(1, upTo: 20, keeping: 10)
        #expect(try training.store.steps == [10, 20])
        try training.store.keepLast(1, upTo: 20, keeping: 20)
        #expect(try training.store.steps == [20])
    }

    /// A run that passed over a damaged checkpoint and saved before it came there again.
    @Test func keepLastKeepsTheNewOneRatherThanALaterOneThatWasPassedOver() throws {
        let training = try TinyTraining()
        for step in [10, 20, 15] { try training.save(step: step) }
        try Damage.alteredWeights.apply(to: training.store.path(ofStep: 20))
        try training.store.keepLast(1, upTo: 15)
        #expect(try training.store.newestComplete { _ in }?.path == training.store.path(ofStep: 15))
    }

    @Test(arguments: Damage.allCases)
    func aDamagedCheckpointIsPassedOverWithAMessage(_ damage: Damage) throws {
        let training = try TinyTraining()
        try training.save(step: 5)
        try training.save(step: 10)
        try damage.apply(to: training.store.path(ofStep: 10))
        var failures: [Failure] = []
        let found = try training.store.newestComplete { failures.append($0) }
        #expect(found?.path == training.store.path(ofStep: 5))
        #expect(failures.count == 1)
        #expect(failures.first?.line.contains("step-00000010") == true)
        #expect(failures.first?.line.contains(damage.message) == true, "\(failures)")
    }

    @Test func withoutAnyCompleteCheckpointThereIsNone() throws {
        let training = try TinyTraining()
        #expect(try training.store.newestComplete { _ in } == nil)
        try training.save(step: 5)
        try Damage.withoutManifest.apply(to: training.store.path(ofStep: 5))
        #expect(try training.store.newestComplete { _ in } == nil)
    }

    /// What befalls a directory by a crash, a full disk, or a bad one.
    enum Damage: CaseIterable {
        case alteredWeights, shortMoments, missingWeights, withoutManifest

        var message: String {
            switch self {
            case .alteredWeights: "the file is altered"
            case .shortMoments: "the file is truncated"
            case .missingWeights: "a file of the manifest is missing"
            case .withoutManifest: "manifest.json"
            }
        }

        func apply(to directory: String) throws {
            let weights = URL(filePath: directory + "/model.safetensors")
            switch self {
            case .alteredWeights:
                var bytes = try Data(contentsOf: weights)
                bytes[bytes.count - 5] ^= 1
                try bytes.write(to: weights)
            case .shortMoments:
                let moments = URL(filePath: directory + "/optimizer.safetensors")
                try Data(contentsOf: moments).dropLast(1).write(to: moments)
            case .missingWeights: try FileManager.default.removeItem(at: weights)
            case .withoutManifest:
                try FileManager.default.removeItem(atPath: directory + "/manifest.json")
            }
        }
    }
}
