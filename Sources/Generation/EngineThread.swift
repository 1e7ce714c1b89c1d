import Diagnostics
import Foundation

/// A thread of its own for a decoding engine, which steps as long as there is a text and sleeps else.
package final class EngineThread: Sendable {
    package typealias Order = (DecodingEngine) -> Void

    private let inbox = Inbox()

    /// - Parameter makeEngine: called on the thread.
    package init(_ makeEngine: @escaping @Sendable () -> DecodingEngine) {
        let thread = Thread.named("decode") { [inbox] in
            let engine = makeEngine()
            while let orders = inbox.take(isWaiting: engine.isIdle) {
                for order in orders { order(engine) }
                engine.step()
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { inbox.close() }

    /// Has `order` carried out on the thread, between two steps.
    package func perform(_ order: @escaping @Sendable (DecodingEngine) -> Void) {
        inbox.add(order)
    }

    /// Ends the thread after the step that it is at.
    package func close() { inbox.close() }
}

/// The orders for a thread.
private final class Inbox: @unchecked Sendable {
    // All state is behind the condition.
    private let condition = NSCondition()
    private var orders: [@Sendable (DecodingEngine) -> Void] = []
    private var isClosed = false

    func add(_ order: @escaping @Sendable (DecodingEngine) -> Void) {
        condition.withLock {
            orders.append(order)
            condition.signal()
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.signal()
        }
    }

    /// - Parameter isWaiting: whether to wait for an order.
    /// - Returns: nil where no more will come.
    func take(isWaiting: Bool) -> [@Sendable (DecodingEngine) -> Void]? {
        condition.withLock {
            while isWaiting && orders.isEmpty && !isClosed { condition.wait() }
            guard !isClosed else { return nil }
            defer { orders = [] }
            return orders
        }
    }
}
