import Datasets
import Options
import TemporaryFolders
import Testing

@Suite struct MixtureTests {
    private static let batch = 6

    /// How often each number of each source comes among the first steps.
    private func counts(
        _ weights: [Double], _ stages: [DataStage], steps: Int, seed: UInt64 = 3
    ) -> [[Int: Int]] {
        let order = MixtureOrder(
            weights: weights, stages: stages, globalBatchSize: Self.batch, seed: seed)
        var counts = weights.map { _ in [Int: Int]() }
        for step in 0..<steps {
            for sequence in 0..<Self.batch {
                let place = order.place(
                    step: step, sequence: sequence, globalBatchSize: Self.batch)
                counts[place.source][place.number, default: 0] += 1
            }
        }
        return counts
    }

    /// 6 times 2048 sequences are three blocks.
    @Test(arguments: [[0.7, 0.2, 0.1], [1, 1, 1], [5, 0.001, 2], [3, 0, 1]])
    func sourcesGiveTheirSharesAndEachNumberOnce(weights: [Double]) {
        let found = counts(weights, [], steps: 2048)
        let total = weights.reduce(0, +)
        for (source, counts) in found.enumerated() {
            let expected = weights[source] / total * 12_288
            #expect(abs(Double(counts.count) - expected) <= 3)
            #expect(counts.keys.sorted() == Array(0..<counts.count))
            #expect(counts.values.allSatisfy { $0 == 1 })
        }
    }

    /// A stage may end amid a block; no number is lost or comes twice.
    @Test func stagesGoOnWhereTheOnesBeforeStopped() {
        let stages = [
            DataStage(fromStep: 100, weights: [0, 1]), DataStage(fromStep: 900, weights: [1, 3]),
            DataStage(fromStep: 1000, weights: [1, 0]),
        ]
        let found = counts([0.5, 0.5], stages, steps: 1000)
        #expect(found.map(\.count) == [300 + 150, 300 + 4800 + 450])
        for counts in found { #expect(counts.keys.sorted() == Array(0..<counts.count)) }
        let order = MixtureOrder(
            weights: [0.5, 0.5], stages: stages, globalBatchSize: Self.batch, seed: 3)
        #expect(order.taken(steps: 1000, globalBatchSize: Self.batch) == found.map(\.count))
        #expect(order.place(step: 1000, sequence: 0, globalBatchSize: Self.batch).source == 0)
    }

    @Test func anotherSeedMixesOtherwise() {
        func sources(_ seed: UInt64) -> [Int] {
            let order = MixtureOrder(weights: [1, 1], stages: [], globalBatchSize: 1, seed: seed)
            return (0..<64).map { order.place(step: $0, sequence: 0, globalBatchSize: 1).source }
        }
        #expect(sources(1) != sources(2))
        #expect(sources(1) == sources(1))
    }

    @Test func batchesHoldTheWindowsOfTheirSources() throws {
        let folder = try Scratch()
        let first = try folder.writeShard("a.h5", documents: [(0..<41).map { Int32($0) }])
        let second = try folder.writeShard("b.h5", documents: [(100..<161).map { Int32($0) }])
        var options = DataOptions()
        options.sources = [
            DataSource(path: first, weight: 1), DataSource(path: second, weight: 2),
        ]
        let source = try MixtureSource(
            streams: [first, second].map { try TokenStream(paths: [$0]) }, options: options,
            sequenceLength: 4, globalBatchSize: Self.batch, seed: 1, separator: nil)
        #expect(source.sequenceCount == 25)
        for step in 0..<20 {
            let whole = try source.batch(step: step, sequences: 0..<Self.batch)
            let parts = try [0..<2, 2..<3, 3..<6].map {
                try source.batch(step: step, sequences: $0)
            }
            #expect(parts.flatMap(\.inputs) == whole.inputs)
            for sequence in 0..<Self.batch {
                let window = source.window(step: step, sequence: sequence)
                let start = Int32(window.source * 100 + window.range.lowerBound)
                #expect(whole.inputs[sequence * 4] == start)
                #expect(whole.targets[sequence * 4 + 3] == start + 4)
            }
        }
        let epochs = source.epochs(steps: 4096)
        #expect(abs(epochs[0] - 2 * 4096 / 10) < 1 && abs(epochs[1] - 4 * 4096 / 15) < 1)
    }

    @Test func budgetsAreSharesAndTheLengthOfAnEpoch() throws {
        let folder = try Scratch()
        let path = try folder.writeShard("a.h5", documents: [(0..<41).map { Int32($0) }])
        var options = DataOptions()
        options.sources = [
            DataSource(path: path, tokens: 4000), DataSource(path: path, tokens: 12_001),
        ]
        let source = try MixtureSource(
            streams: [path, path].map { try TokenStream(paths: [$0]) }, options: options,
            sequenceLength: 4, globalBatchSize: 1, seed: 1, separator: nil)
        #expect(source.sequenceCount == 1000 + 3001)
    }

    @Test func documentsOfAWindowAreTold() throws {
        let folder = try Scratch()
        let path = try folder.writeShard(
            "a.h5", documents: [[1, 2, 9], [3, 9], [9], [4, 5, 6, 7, 8]])
        let stream = try TokenStream(paths: [path])
        let sampler = try WindowSampler(
            tokenCount: 11, sequenceLength: 5, globalBatchSize: 1, seed: 1, order: .inOrder)
        let separate = WindowSource(stream: stream, sampler: sampler, separator: 9)
        #expect(try separate.batch(step: 0, sequences: 0..<1).exampleLengths == [[3, 2]])
        #expect(try separate.batch(step: 1, sequences: 0..<1).exampleLengths == [[1, 4]])
        let joined = WindowSource(stream: stream, sampler: sampler)
        #expect(try joined.batch(step: 0, sequences: 0..<1).exampleLengths == [[5]])
    }

    @Test func sourcesThatContradictAreRefused() {
        func line(_ change: (inout DataOptions) -> Void) -> String {
            var options = DataOptions()
            options.sources = [
                DataSource(path: "a", weight: 1), DataSource(path: "b", weight: 2),
            ]
            change(&options)
            return failureLine { try options.validate() }
        }
        #expect(line { _ in }.isEmpty)
        #expect(line { $0.train = "c" }.contains("beside data.train"))
        #expect(line { $0.shuffle = .blocks }.contains("blocks"))
        #expect(
            line { $0.sources[0] = DataSource(path: "a", tokens: 5) }.contains("tokens for all"))
        #expect(
            line { $0.stages = [DataStage(fromStep: 3, weights: [1])] }.contains("2 weights"))
        #expect(line { $0.sources = [] }.isEmpty)
    }

    @Test(arguments: [
        "{path: a, weight: 0}", "{path: a}", "{path: a, weight: 1, tokens: 2}", "{weight: 1}",
        "{path: a, share: 1}", "a",
    ])
    func sourcesThatAreSpelledWrongAreRefused(text: String) {
        let members = text.dropFirst().dropLast().split(separator: ", ").map { part in
            let pair = part.split(separator: " ")
            return OptionValue.Member(
                key: String(pair[0].dropLast()), value: .plain(String(pair[pair.count - 1])))
        }
        let value: OptionValue = text == "a" ? .plain("a") : .members(members)
        #expect(DataSource(value) == nil)
    }
}
