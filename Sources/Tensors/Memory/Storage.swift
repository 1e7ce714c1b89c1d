/// One block of memory; it goes back to its pool when the last tensor that uses it is gone.
package final class Storage: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    private let capacity: Int
    private let pool: StoragePool

    init(byteCount: Int, pool: StoragePool) {
        (pointer, capacity) = pool.take(byteCount: byteCount)
        self.pool = pool
    }

    deinit { pool.giveBack(pointer, capacity: capacity) }
}
