import Generation
import Testing

@Suite struct LargestScoresTests {
    /// Pseudo-random scores of few different values: many are equal.
    static func scores(_ count: Int, values: UInt64) -> [Float] {
        var state: UInt64 = 9
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float((state >> 33) % values)
        }
    }

    @Test(arguments: [1, 2, 15, 16, 17, 100, 999, 1000, 5000], [1, 3, 50, 1_000_000])
    func selectionEqualsTheBeginningOfASort(count: Int, values: UInt64) {
        let scores = Self.scores(1000, values: values)
        let sorted = scores.indices.sorted {
            scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
        }
        let least = scores[sorted[min(count, 1000) - 1]]
        let expected = sorted.filter { scores[$0] >= least }
        let found = scores.largest(count)
        #expect(found.map { Int($0.id) } == expected)
        #expect(found.map(\.score) == expected.map { scores[$0] })
    }

    /// The order that asks most of a partial selection.
    @Test func ascendingScoresAreSelectedToo() {
        let scores = (0..<1000).map(Float.init)
        #expect(scores.largest(3).map(\.id) == [999, 998, 997])
    }

    @Test func numbersAloneAreSelected() {
        #expect([Float.nan, 1, .nan, 2].largest(4).map(\.id) == [3, 1])
    }
}
