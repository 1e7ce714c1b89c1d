/// Runs its body once for each index below the count, perhaps on several threads, and returns when
/// all are done. No result depends on which thread runs which index.
package typealias ForEach = (_ count: Int, _ body: (_ index: Int) -> Void) -> Void

/// On the calling thread.
package func forEachInOrder(_ count: Int, _ body: (_ index: Int) -> Void) {
    for index in 0..<count { body(index) }
}
