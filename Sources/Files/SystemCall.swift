import Diagnostics
import Glibc

/// The one place where the status of a system call becomes a `Failure`.
package enum SystemCall {
    /// Repeats `call` while a signal interrupts it; throws when it returns a negative number.
    @discardableResult
    package static func check<Status: SignedInteger>(
        _ what: String, at path: String, _ call: () -> Status
    ) throws(Failure) -> Status {
        while true {
            let status = call()
            if status >= 0 { return status }
            let code = errno
            if code != EINTR { throw failure(what, code: code, at: path) }
        }
    }

    package static func failure(_ what: String, code: Int32, at path: String) -> Failure {
        Failure(what, got: String(cString: strerror(code)), at: path, remedy: remedy(code))
    }

    private static func remedy(_ code: Int32) -> String? {
        switch code {
        case ENOSPC, EDQUOT: "free space on the disk or choose another output"
        case EACCES, EPERM, EROFS: "check the permissions or choose another place"
        case ENOENT: "check the path"
        case EEXIST, ENOTEMPTY: "remove it or choose another name"
        default: nil
        }
    }
}
