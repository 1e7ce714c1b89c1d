import Dispatch
import Synchronization

/// Work in numbered parts, which several threads carry out.
package enum ParallelParts {
    /// Calls `body` with each number below `count`, on at most so many threads, and returns when all
    /// have ended.
    ///
    /// - Throws: the error of the lowest number that failed; higher ones may not have been begun then.
    package static func forEach(
        _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) throws -> Void
    ) throws {
        let next = Atomic<Int>(0)
        let failed = Mutex<(number: Int, error: any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
            while failed.withLock({ $0 == nil }) {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < count else { return }
                do {
                    try body(number)
                } catch {
                    failed.withLock {
                        if $0.map({ $0.number > number }) ?? true { $0 = (number, error) }
                    }
                }
            }
        }
        if let error = failed.withLock({ $0?.error }) { throw error }
    }
}
