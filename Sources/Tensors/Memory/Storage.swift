/// One block of memory; it goes back to its pool when the last tensor that uses it is gone.
package final class Storage: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    private let capacity: Int
    /// The pool to which the memory goes back; nil for memory of somebody else.
    private let pool: StoragePool?

    init(byteCount: Int, pool: StoragePool) {
        (pointer, capacity) = pool.take(byteCount: byteCount)
        self.pool = pool
    }

    /// Uses memory that outlives this.
    init(foreign pointer: UnsafeMutableRawPointer, byteCount: Int) {
        self.pointer = pointer
        capacity = byteCount
        pool = nil
    }

    deinit { pool?.giveBack(pointer, capacity: capacity) }
}
