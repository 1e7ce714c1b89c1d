import Collectives
import Diagnostics
import Foundation
import ModelFiles
import Models
import TemporaryFolders
import Tensors
import Training

/// Checkpoints of several blocks, which the ranks write, hash, check and read together.
extension Checks {
    /// `checkpoints FOLDER none|zero1 shared|gather SEED KIND`: trains a model by a rule, saves it, reads it
    /// back, goes on with both, and prints what does not depend on the ranks; then alters bytes.
    func checkpoints() throws -> Int32 {
        let sharding = TrainOptions.OptimizerSharding(rawValue: arguments[2]) ?? .none
        let io = CheckpointOptions.InputOutput(rawValue: arguments[3]) ?? .shared
        let kind = OptimizerOptions.Kind(rawValue: arguments[5]) ?? .adamw
        let training = try SavedTraining(sharding, kind, over: communicator)
        training.model.initialize(seed: 1)
        for seed in 1...2 { try training.update(seed: seed, over: communicator) }
        let store = CheckpointStore(directory: arguments[1])
        try training.save(in: store, io: io, over: communicator)
        guard
            let found = try store.newestComplete(
                over: communicator, threads: 2, passingOver: { _ in })
        else { throw Failure("the checkpoint is not complete") }

        let other = try SavedTraining(sharding, kind, over: communicator)
        let reader = CheckpointReader(found, over: communicator)
        try reader.readWeights(
            into: other.model, seed: 1, sharedIn: nil, copies: .apart(worldSize: worldSize))
        try reader.read(other.optimizer.state)
        let state = try CheckpointReader.state(in: found.path)
        try other.optimizer.goOn(after: state.updateCount, state.average, over: communicator)
        try require(other.values == training.values, "what was saved comes back on rank \(rank)")
        for trained in [training, other] { try trained.update(seed: 3, over: communicator) }
        try require(other.values == training.values, "it goes on alike on rank \(rank)")
        try alter(found.path, in: store)
        if rank == 0 {
            for name in ["model.safetensors", "optimizer.safetensors", "manifest.json"] {
                let sum = try FileHash.hash(ofFile: "\(found.path)/\(name)")
                printOnce("\(name) \(sum.size) \(sum.sha256)")
            }
        }
        return 0
    }

    /// Flips bits at random places of both files: all ranks hear of each, and the file is named.
    private func alter(_ path: String, in store: CheckpointStore) throws {
        var random = SplitMix64(seed: UInt64(arguments[4]) ?? 1)
        for number in 0..<6 {
            let name = number % 2 == 0 ? "model.safetensors" : "optimizer.safetensors"
            let file = "\(path)/\(name)"
            let (place, bit) = (random.next(), UInt8(1 << (random.next() % 8)))
            try communicator.agree { if rank == 0 { try Self.flip(bit, at: place, of: file) } }
            var lines: [String] = []
            let found = try store.newestComplete(over: communicator, threads: 2) {
                lines.append($0.line)
            }
            try require(found == nil, "flip \(number) is found by rank \(rank)")
            try require(
                lines.count == 1 && lines[0].hasPrefix("the file is altered")
                    && lines[0].contains(name), "flip \(number) is named: \(lines)")
            try communicator.agree { if rank == 0 { try Self.flip(bit, at: place, of: file) } }
        }
        let whole = try store.newestComplete(over: communicator, threads: 2) { _ in }
        try require(whole != nil, "the checkpoint is whole again")
    }

    private static func flip(_ bit: UInt8, at place: UInt64, of path: String) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? file.close() }
        let offset = place % (try file.seekToEnd())
        try file.seek(toOffset: offset)
        let byte = try file.read(upToCount: 1)?.first ?? 0
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data([byte ^ bit]))
    }
}

/// A model of six million weights, and an optimizer whose state is as its elements' places say.
private struct SavedTraining {
    let model: LanguageModel
    let optimizer: Optimizer

    init(
        _ sharding: TrainOptions.OptimizerSharding, _ kind: OptimizerOptions.Kind,
        over communicator: any Communicator
    ) throws {
        model = LanguageModel(
            .gpt2(
                vocabularySize: 11, contextLength: 8, embeddingSize: 512, layerCount: 2,
                headCount: 2, dropoutRate: 0), device: Device(threadCount: 2))
        var options = OptimizerOptions()
        options.kind = kind
        optimizer = Optimizer(
            options, sharding, parameters: model.parameters,
            hidden: model.configuration.linearModules, memory: nil, over: communicator)
    }

    /// One update with gradients that are the same on all ranks: moments differ from place to place.
    func update(seed: Int, over communicator: any Communicator) throws {
        let gradients = model.device.zeros([model.parameters.layout.trainedCount])
        for parameter in model.parameters.trained {
            let view = gradients.view(from: parameter.range.lowerBound, shape: parameter.shape)
            model.device.fillNormal(
                view, deviation: 1, stream: parameter.index, seed: UInt64(seed))
        }
        try optimizer.update(
            gradients, learningRate: 0.01, gradientScale: 0.5, over: communicator)
        if let flip = optimizer.flipFound { throw flip }
        try optimizer.completeParameters()
        try optimizer.checkMemory()
    }

    var values: [[Float]] {
        [model.parameters.values.array] + optimizer.state.lists.map(\.array)
    }

    func save(
        in store: CheckpointStore, io: CheckpointOptions.InputOutput,
        over communicator: any Communicator
    ) throws {
        var options = CheckpointOptions()
        options.inputOutput = io
        let files = CheckpointFiles(
            tokenizerJSON: Array("{}".utf8), tokenizerConfigurationJSON: Array("{}".utf8),
            endOfTextIDs: [], recipe: "name: saved\n")
        let saver = CheckpointSaver(
            model, optimizer.state, store: store, files: files, options: options,
            over: communicator)
        // One that is given up leaves nothing.
        try saver.begin(TrainerState(step: 3, laneCount: 4))
        try saver.abandon()
        var state = TrainerState(step: 7, updateCount: optimizer.updateCount, laneCount: 4)
        state.average = optimizer.isAveraging ? optimizer.averageWeights : nil
        try optimizer.onAverage(over: communicator) { try saver.begin(state) }
        try saver.finish()
        guard try store.steps == [7] else {
            throw Failure("a checkpoint that was given up is there")
        }
    }
}

/// Numbers that look like chance, and are the same for the same seed.
private struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
