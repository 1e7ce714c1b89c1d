import Synchronization

/// What somebody who watches a training wants of it between two steps.
package final class RunWishes: Sendable {
    package enum Wish: String, CaseIterable, Sendable {
        case checkpoint, validate
    }

    private let open = Mutex<Set<Wish>>([])

    package init() {}

    package func add(_ wish: Wish) { open.withLock { _ = $0.insert(wish) } }

    /// Takes all wishes: 1 for each that is there, in the order of `Wish.allCases`.
    func take() -> [Int64] {
        let taken = open.withLock { open in
            defer { open = [] }
            return open
        }
        return Wish.allCases.map { taken.contains($0) ? 1 : 0 }
    }
}
