import Synchronization

/// The kinds of operations on which the time of a step is spent.
package enum OperationKind: Int, CaseIterable, Sendable {
    /// Products of matrices, with what is fused to them (bias, activation).
    case matmul
    case attention
    /// Norms, sums, activations, dropout, embeddings, copies.
    case elementwise
    /// Logits to losses and gradients, without the products around them.
    case crossEntropy
    case optimizer
}

/// Measures how long the operations of a device take, by kind: where one runs inside another, the
/// inner one gets its time.
package final class OperationClock: Sendable {
    package init() {}

    private struct State {
        var durations = [Duration](repeating: .zero, count: OperationKind.allCases.count)
        var running: [OperationKind] = []
        var last = ContinuousClock.now

        /// Books the time since the last change to what has been running.
        mutating func book() {
            let now = ContinuousClock.now
            if let kind = running.last { durations[kind.rawValue] += now - last }
            last = now
        }
    }

    private let state = Mutex(State())

    /// Seconds since the last reset.
    package func seconds(_ kind: OperationKind) -> Double {
        state.withLock { $0.durations[kind.rawValue] / .seconds(1) }
    }

    package func reset() {
        state.withLock { state in
            for index in state.durations.indices { state.durations[index] = .zero }
        }
    }

    /// Runs `body` and books its time as `kind`.
    package func measure<Result>(
        _ kind: OperationKind, _ body: () throws -> Result
    ) rethrows -> Result {
        state.withLock { state in
            state.book()
            state.running.append(kind)
        }
        defer {
            state.withLock { state in
                state.book()
                state.running.removeLast()
            }
        }
        return try body()
    }
}
