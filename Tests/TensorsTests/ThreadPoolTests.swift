import CKernels
import Tensors
import Testing

@Suite(.timeLimit(.minutes(1))) struct ThreadPoolTests {
    static let threadCounts = [1, 2, 3, 5]

    @Test(arguments: threadCounts, [0, 1, 2, 3, 7, 1000])
    func eachIndexRunsOnce(_ threadCount: Int, _ count: Int) {
        let pool = ThreadPool(threadCount: threadCount)
        var runs = [Int](repeating: 0, count: count)
        runs.withUnsafeMutableBufferPointer { runs in
            pool.forEach(count) { runs[$0] += 1 }
        }
        #expect(runs == Array(repeating: 1, count: count))
    }

    @Test(arguments: [(0, 4), (1, 4), (4, 4), (5, 4), (1001, 10), (7, 100)])
    func chunksCoverTheRangeWithoutOverlap(_ size: (count: Int, grain: Int)) {
        let pool = ThreadPool(threadCount: 3)
        var runs = [Int](repeating: 0, count: size.count)
        runs.withUnsafeMutableBufferPointer { runs in
            pool.forEachChunk(of: size.count, grain: size.grain) { chunk in
                if chunk.count > size.grain || chunk.lowerBound % size.grain != 0 { return }
                for index in chunk { runs[index] += 1 }
            }
        }
        #expect(runs.allSatisfy { $0 == 1 })
    }

    /// Late threads of one loop meet the next one.
    @Test(arguments: threadCounts)
    func manySmallLoopsLoseNothing(_ threadCount: Int) {
        let pool = ThreadPool(threadCount: threadCount)
        let loopCount = 5000
        var sums = [Int](repeating: 0, count: 4)
        sums.withUnsafeMutableBufferPointer { sums in
            for loop in 1...loopCount {
                pool.forEach(1 + loop % 4) { sums[$0] += loop }
            }
        }
        let expected = (0..<4).map { index in
            (1...loopCount).filter { $0 % 4 >= index }.reduce(0, +)
        }
        #expect(sums == expected)
    }

    /// A serial stretch lets the workers fall asleep before the next loop wakes them.
    @Test func sleepingThreadsWakeForTheNextLoop() {
        let pool = ThreadPool(threadCount: 3)
        let idle = [Float](repeating: 1, count: 200_000)
        var rows = (0..<3).map { _ in [Int](repeating: 0, count: 100) }
        rows.withUnsafeMutableBufferPointer { rows in
            for loop in 0..<100 {
                #expect(kernel_sum(idle, idle.count) == 200_000)
                pool.forEach(3) { row in
                    for column in 0..<100 { rows[row][column] += loop }
                }
            }
        }
        #expect(rows.allSatisfy { $0.allSatisfy { $0 == 4950 } })
    }

    /// Workers hold the board, not the pool: dropping it while they sleep ends them.
    @Test func aPoolIsFreedWhileItsThreadsSleep() {
        for loop in 0..<50 {
            var pool: ThreadPool? = ThreadPool(threadCount: 3)
            weak let observed = pool
            var sum = [0, 0, 0]
            if loop % 2 == 0 {
                sum.withUnsafeMutableBufferPointer { sum in pool?.forEach(3) { sum[$0] = 1 } }
                #expect(sum == [1, 1, 1])
            }
            pool = nil
            #expect(observed == nil)
        }
    }

    @Test func whatTheBodyHoldsIsReleasedWithTheLoop() {
        final class Held {}
        let pool = ThreadPool(threadCount: 3)
        weak var observed: Held?
        do {
            let held = Held()
            observed = held
            pool.forEach(100) { _ in _ = ObjectIdentifier(held) }
        }
        #expect(observed == nil)
    }
}
