import Collectives
import Diagnostics
import Models
import Tensors
import Testing
import Training

/// A bit of weights or moments flips between two updates, or before a save.
@Suite struct MemoryFlipTests {
    /// One optimizer of its own, or that of rank 1 of 3.
    enum Mode: CaseIterable {
        case whole, sharded
    }

    private let model = LanguageModel(
        .gpt2(
            vocabularySize: 11, contextLength: 8, embeddingSize: 128, layerCount: 2, headCount: 2,
            dropoutRate: 0), device: Device(threadCount: 2))

    private func optimizer(_ mode: Mode) -> Optimizer {
        model.initialize(seed: 1)
        let count = model.parameters.layout.trainedCount
        let buckets = GradientBuckets(parameterCount: count, hosts: .apart(worldSize: 3))
        return Optimizer(
            OptimizerOptions(), parameters: model.parameters,
            buckets: mode == .whole ? nil : buckets, rank: mode == .whole ? 0 : 1)
    }

    private func update(_ optimizer: Optimizer) {
        let gradients = model.device.zeros([model.parameters.layout.trainedCount])
        for parameter in model.parameters.trained {
            model.device.fillNormal(
                gradients.view(from: parameter.range.lowerBound, shape: parameter.shape),
                deviation: 1, stream: parameter.index, seed: UInt64(optimizer.updateCount))
        }
        optimizer.update(gradients, learningRate: 0.01, gradientScale: 1)
    }

    /// Flips a bit of an element that the optimizer keeps, in one of its three lists.
    ///
    /// - Returns: the name of the tensor in a checkpoint.
    private func flip(
        _ optimizer: Optimizer, list: Int, by random: inout some RandomNumberGenerator
    ) throws -> String {
        let piece = try #require(optimizer.parities.pieces.randomElement(using: &random))
        let offset = Int.random(in: 0..<piece.place.range.count, using: &random)
        let number = list == 0 ? nil : piece.numbers[list - 1]
        let value =
            number.map { optimizer.state.lists[$0.list].pointer + $0.position + offset }
            ?? model.parameters.values.pointer + piece.place.range.lowerBound + offset
        let bit = UInt32(1) << UInt32.random(in: 0..<32, using: &random)
        value.pointee = Float(bitPattern: value.pointee.bitPattern ^ bit)
        return model.parameters.parameters[piece.place.parameter].name
            + (number.map { optimizer.state.kinds[$0.list].suffix } ?? "")
    }

    @Test(arguments: Mode.allCases, [0, 1, 2])
    func theNextUpdateNamesIt(mode: Mode, list: Int) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10 {
            let optimizer = optimizer(mode)
            for _ in 0..<3 { update(optimizer) }
            #expect(optimizer.flipFound == nil)
            let name = try flip(optimizer, list: list, by: &random)
            update(optimizer)
            let line = try #require(optimizer.flipFound?.line)
            #expect(line.hasPrefix("a bit of the memory has flipped"))
            #expect(line.contains("(\(name), host "), "\(name): \(line)")
            // It stays found: nothing is saved from here on.
            update(optimizer)
            #expect(optimizer.flipFound?.line == line)
        }
    }

    @Test(arguments: Mode.allCases, [0, 1, 2])
    func theNextSaveNamesIt(mode: Mode, list: Int) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10 {
            let optimizer = optimizer(mode)
            update(optimizer)
            try optimizer.checkMemory()
            let name = try flip(optimizer, list: list, by: &random)
            let failure = #expect(throws: Failure.self) { try optimizer.checkMemory() }
            #expect(failure?.place?.hasPrefix("\(name), host ") == true, "\(name)")
        }
    }

    @Test func weightsThatAreReadOrAveragedAreNoFlip() throws {
        let optimizer = optimizer(.whole)
        try optimizer.checkMemory()
        update(optimizer)
        model.initialize(seed: 2)
        optimizer.acceptWeights()
        try optimizer.checkMemory()
        update(optimizer)
        #expect(optimizer.flipFound == nil)
        try optimizer.checkMemory()
    }
}
