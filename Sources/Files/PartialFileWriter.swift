import Diagnostics
import Glibc

/// Owns a file whose parts are written in any order, by several threads, and by several processes
/// where each has its own.
package final class PartialFileWriter: @unchecked Sendable {
    // Sendable: threads write at places, and its owner finishes it after them.
    /// The name under which the file will be found, for failures.
    package let path: String
    private var descriptor: Int32?

    /// Creates the file in its full size, or empties the one that lies there.
    package static func create(_ path: String, size: Int) throws(Failure) {
        let place = TemporaryName.published(path)
        let descriptor = try SystemCall.check("cannot create the file", at: place) {
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        }
        defer { close(descriptor) }
        try SystemCall.check("cannot create the file", at: place) {
            ftruncate(descriptor, off_t(size))
        }
    }

    /// Opens a file that `create` has made.
    package init(path: String) throws(Failure) {
        self.path = TemporaryName.published(path)
        descriptor = try SystemCall.check("cannot open the file", at: self.path) {
            open(path, O_WRONLY | O_CLOEXEC)
        }
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// - Throws: `Failure` on a full disk, among others.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Failure) {
        guard let descriptor else { preconditionFailure("\(path) is finished") }
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            done += try SystemCall.check("cannot write the file", at: path) {
                pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
            }
        }
    }

    /// Puts what was written on the disk; errors that the system kept back come out here.
    package func finish() throws(Failure) {
        guard let descriptor else { preconditionFailure("\(path) is finished") }
        try SystemCall.check("cannot write the file to the disk", at: path) { fsync(descriptor) }
        self.descriptor = nil
        // Linux closes the descriptor even when it is interrupted: close is never repeated.
        guard close(descriptor) == 0 || errno == EINTR else {
            throw SystemCall.failure("cannot close the file", code: errno, at: path)
        }
    }
}
