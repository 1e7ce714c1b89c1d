import Diagnostics
import Glibc

/// An advisory lock on a file, which the kernel drops when its holder dies.
package final class FileLock {
    /// The end of an attempt to lock.
    package enum Outcome: Equatable, Sendable {
        case locked
        /// Another process holds the lock.
        case taken
        /// The file system has no locks, or none to spare; the reason names which.
        case unavailable(reason: String)
    }

    package let outcome: Outcome
    private let descriptor: Int32

    /// Makes the file where it is missing, and tries to lock it without waiting.
    ///
    /// - Parameters:
    ///   - what: describes what failed where the file cannot be opened.
    ///   - lock: the system call, which tests replace.
    package init(
        path: String, what: String, lock: (Int32, Int32) -> Int32 = { flock($0, $1) }
    ) throws(Failure) {
        let descriptor = try SystemCall.check(what, at: path) {
            open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        }
        // From here on deinit closes the file, even when this throws.
        self.descriptor = descriptor
        outcome = try SystemCall.check("cannot lock the file", at: path) { () -> Int32 in
            guard lock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return 0 }
            switch errno {
            case EWOULDBLOCK: return Self.taken
            case ENOLCK, ENOSYS, EOPNOTSUPP: return errno
            default: return -1
            }
        }.asOutcome
    }

    deinit { close(descriptor) }

    /// No number of an error.
    fileprivate static let taken = Int32.max
}

extension Int32 {
    fileprivate var asOutcome: FileLock.Outcome {
        switch self {
        case 0: .locked
        case FileLock.taken: .taken
        default: .unavailable(reason: String(cString: strerror(self)))
        }
    }
}
