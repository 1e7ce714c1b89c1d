import Synchronization

/// A tokenizer.json: as it was read or, of a tokenizer that was made from other files, written when it is first asked
/// for, since few who use a tokenizer want its file.
final class TokenizerText: Sendable {
    private enum State {
        case written([UInt8])
        case pending(@Sendable () -> [UInt8])
    }

    private let state: Mutex<State>

    init(_ bytes: [UInt8]) { state = Mutex(.written(bytes)) }

    init(writing write: @escaping @Sendable () -> [UInt8]) { state = Mutex(.pending(write)) }

    var bytes: [UInt8] {
        state.withLock { state in
            switch state {
            case .written(let bytes): return bytes
            case .pending(let write):
                let bytes = write()
                state = .written(bytes)
                return bytes
            }
        }
    }
}
