import Diagnostics
import Signals
import Synchronization

/// The effect of Ctrl-C in a conversation: it ends the answer that is being written; where there is
/// none it prints how to leave, and the second time in a row it leaves.
final class ChatInterrupts: Sendable {
    private struct State {
        var isAnswering = false
        var hasInterrupted = false
        var wasAtPrompt = false
    }

    private let state: Mutex<State>

    private init() { state = Mutex(State()) }

    /// Answers Ctrl-C as long as the returned values exist.
    static func start() -> (ChatInterrupts, Interrupts) {
        let chat = ChatInterrupts()
        return (chat, Interrupts { chat.answer() })
    }

    /// Whether the answer that is being written shall end here.
    var hasInterrupted: Bool { state.withLock(\.hasInterrupted) }

    /// Notes that a line was typed: Ctrl-C before it does not count any more.
    func noteLine() { state.withLock { $0.wasAtPrompt = false } }

    func beginAnswer() { state.withLock { $0 = State(isAnswering: true) } }

    /// - Returns: whether the answer was interrupted.
    func endAnswer() -> Bool {
        state.withLock { state in
            defer { state = State() }
            return state.hasInterrupted
        }
    }

    private func answer() -> Bool {
        let staysAtPrompt = state.withLock { state -> Bool? in
            if state.isAnswering {
                state.hasInterrupted = true
                return nil
            }
            defer { state.wasAtPrompt = true }
            return !state.wasAtPrompt
        }
        guard let staysAtPrompt else { return true }
        if staysAtPrompt {
            Console.write("\n/exit, Ctrl-D or Ctrl-C again ends\n", to: .standardError)
            Console.write("> ")
        }
        return staysAtPrompt
    }
}
