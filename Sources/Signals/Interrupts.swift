import Foundation
import Synchronization

/// Ctrl-C as an order to a conversation instead of the end of the process, while a value exists.
package final class Interrupts: Sendable {
    /// - Parameter answer: Called on the thread that takes the signals; returns false to end the
    ///   process after all.
    package init(_ answer: @escaping @Sendable () -> Bool) {
        StopSignals.state.withLock { $0.answerToInterrupt = answer }
    }

    deinit { StopSignals.state.withLock { $0.answerToInterrupt = nil } }
}
