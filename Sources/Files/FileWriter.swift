import Diagnostics
import Glibc

/// Owns a file that is written from front to back.
///
/// The file counts as written only after `finish()`; a writer that goes away before leaves an
/// unfinished file behind, which is why it writes below a temporary name (`PublishedFile`,
/// `PublishedDirectory`).
package final class FileWriter {
    /// The name under which the file will be found, for failures.
    package let path: String
    private var descriptor: Int32?

    /// Creates the file, or empties the one that lies there.
    package init(path: String) throws(Failure) {
        self.path = TemporaryName.published(path)
        descriptor = try SystemCall.check("cannot create the file", at: self.path) {
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        }
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// - Throws: `Failure` on a full disk, among others.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard let descriptor else { preconditionFailure("\(path) is finished") }
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            done += try SystemCall.check("cannot write the file", at: path) {
                Glibc.write(descriptor, base + done, bytes.count - done)
            }
        }
    }

    package func write(_ bytes: [UInt8]) throws(Failure) {
        let result: Result<Void, Failure> = bytes.withUnsafeBytes { buffer in
            Result { () throws(Failure) in try write(buffer) }
        }
        try result.get()
    }

    /// Puts the file on the disk and closes it; errors that the system kept back come out here.
    package func finish() throws(Failure) {
        guard let descriptor else { preconditionFailure("\(path) is finished") }
        try SystemCall.check("cannot write the file to the disk", at: path) { fsync(descriptor) }
        self.descriptor = nil
        // Linux closes the descriptor even when it is interrupted: close is never repeated.
        guard close(descriptor) == 0 || errno == EINTR else {
            throw SystemCall.failure("cannot close the file", code: errno, at: path)
        }
    }

    /// Writes a whole small file below its final name, on the disk when it returns.
    package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let writer = try FileWriter(path: path)
        try writer.write(bytes)
        try writer.finish()
    }
}
