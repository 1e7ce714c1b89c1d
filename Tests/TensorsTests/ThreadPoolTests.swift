import CKernels
import Foundation
import Machine
import Synchronization
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

    /// More threads than processors: none is waited for that has no index.
    @Test func sixtyFourThreadsShareOutLoops() {
        let pool = ThreadPool(threadCount: 64)
        let sums = (0..<100).map { _ in Atomic64() }
        for loop in 0..<300 {
            pool.forEach(1 + loop % 100) { sums[$0].value.add(1, ordering: .relaxed) }
        }
        let expected = (0..<100).map { 300 - 3 * $0 }
        #expect(sums.map { $0.value.load(ordering: .relaxed) } == expected)
    }

    @Test func aLoopInsideALoopRunsOnItsThread() {
        let pool = ThreadPool(threadCount: 3)
        let count = Atomic64()
        pool.forEach(20) { _ in
            pool.forEach(30) { _ in count.value.add(1, ordering: .relaxed) }
        }
        #expect(count.value.load(ordering: .relaxed) == 600)
    }

    @Test func threadsThatAskForLoopsAtOnceGetThem() async {
        let pool = ThreadPool(threadCount: 3)
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let count = Atomic64()
                    for _ in 0..<200 {
                        pool.forEach(9) { _ in count.value.add(1, ordering: .relaxed) }
                    }
                    return count.value.load(ordering: .relaxed)
                }
            }
            return await group.reduce(0, +)
        }
        #expect(total == 6 * 200 * 9)
    }

    /// All threads of a pool that have a place run there alone, and the one that asks runs where it did.
    @Test func eachThreadKeepsToItsPlace() {
        let numbers = ProcessorSet.inherited.numbers
        let places = (0..<4).map { ProcessorSet([numbers[$0 % numbers.count]]) }
        let pool = ThreadPool(threadCount: 4, places: places)
        let own = ProcessorSet.ofCallingThread
        let arrived = Atomic64()
        let found = Mutex<[String]>([])
        pool.forEach(4) { _ in
            found.withLock { $0.append("\(ProcessorSet.ofCallingThread)") }
            arrived.value.add(1, ordering: .relaxed)
            while arrived.value.load(ordering: .relaxed) < 4 { Thread.sleep(forTimeInterval: 1e-4) }
        }
        let expected = (places[1...] + [own]).map { "\($0)" }
        #expect(found.withLock { $0.sorted() } == expected.sorted())
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

/// A counter that closures share.
private final class Atomic64: Sendable {
    let value = Atomic<Int>(0)
}
