import Datasets
import Foundation
import TemporaryFolders
import Testing

@Suite struct BatchReaderTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func setUp(isShuffled: Bool) throws -> WindowSource {
        try scratch.writeShard("train-00000.h5", documents: [Array(0..<7)])
        try scratch.writeShard("train-00001.h5", documents: [Array(7..<30)])
        let stream = try TokenStream(resolving: scratch.path, split: .train)
        let sampler = try WindowSampler(
            tokenCount: stream.tokenCount, sequenceLength: 4, globalBatchSize: 3, seed: 1,
            order: isShuffled ? .shuffled : .inOrder)
        return WindowSource(stream: stream, sampler: sampler)
    }

    private struct Surprise: Error {}

    private func next(_ reader: BatchReader) throws -> TokenBatch {
        guard case .whole(let batch) = try reader.next() else { throw Surprise() }
        return batch
    }

    @Test func targetsAreInputsShiftedByOne() throws {
        let source = try setUp(isShuffled: false)
        let reader = BatchReader(source: source, shares: [1..<3], rank: 0, firstStep: 0)
        let batch = try next(reader)
        #expect(batch.inputs == [4, 5, 6, 7, 8, 9, 10, 11])
        #expect(batch.targets == [5, 6, 7, 8, 9, 10, 11, 12])
        #expect((batch.sequenceCount, batch.sequenceLength) == (2, 4))
    }

    @Test func readerGivesTheSamplersBatchesFromAnyStep() throws {
        let source = try setUp(isShuffled: true)
        let reader = BatchReader(source: source, shares: [0..<3], rank: 0, firstStep: 2)
        for step in 2..<8 {
            #expect(reader.step == step)
            let windows = source.sampler.windows(step: step, sequences: 0..<3)
            #expect(try next(reader) == TokenBatch(windows, of: source.sampler, in: source.stream))
        }
        reader.close()
        let windows = source.sampler.windows(step: 8, sequences: 0..<3)
        #expect(try next(reader) == TokenBatch(windows, of: source.sampler, in: source.stream))
        #expect(reader.waitedSeconds > 0)
    }

    @Test func windowsInFileOrderAreReadForValidation() throws {
        let source = try setUp(isShuffled: true)
        #expect(source.sampler.windowCount == 7)
        let batch = try TokenBatch(5..<7, of: source.sampler, in: source.stream)
        #expect(batch.inputs == Array(20..<28))
        #expect(batch.targets == Array(21..<29))
    }

    @Test func errorInTheBackgroundIsThrownByTheCallForItsStep() throws {
        let source = try setUp(isShuffled: false)
        let path = scratch.path("train-00001.h5")
        try FileManager.default.moveItem(atPath: path, toPath: scratch.path("away"))
        // Step 0 takes tokens 0...12, which lie in both shards.
        let reader = BatchReader(source: source, shares: [0..<3], rank: 0, firstStep: 0)
        let line = failureLine { _ = try next(reader) }
        #expect(line.contains("No such file or directory (\(path))"))
        #expect(reader.step == 0)
        try FileManager.default.moveItem(atPath: scratch.path("away"), toPath: path)
        #expect(try next(reader).inputs == Array(0..<12))
    }
}
