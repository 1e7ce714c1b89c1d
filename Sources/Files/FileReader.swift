import Diagnostics
import Glibc

/// Owns an open file and reads it by position; several threads may read at once.
package final class FileReader: Sendable {
    package let path: String
    /// The size of the file in bytes, when it was opened.
    package let size: Int
    private let descriptor: Int32

    /// - Parameter what: describes what failed when it cannot be opened.
    /// - Throws: `Failure` when the file cannot be opened or is not a regular file.
    package init(path: String, what: String = "cannot open the file") throws(Failure) {
        let descriptor = try SystemCall.check(what, at: path) {
            open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemCall.failure(what, code: code, at: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Failure(what, expected: "a regular file", got: "something else", at: path)
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// - Throws: `Failure` when the file ends before the buffer is full.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(Failure) {
        guard let base = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            let count = try SystemCall.check("cannot read the file", at: path) {
                pread(descriptor, base + done, buffer.count - done, off_t(offset + done))
            }
            guard count > 0 else {
                throw Failure(
                    "the file is truncated", expected: "\(offset + buffer.count) bytes",
                    got: "\(offset + done)", at: path)
            }
            done += count
        }
    }

    /// - Throws: `Failure` when the file ends before `offset + count`.
    package func bytes(at offset: Int, count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result: Result<Void, Failure> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(Failure) in try read(into: buffer, at: offset) }
        }
        try result.get()
        return bytes
    }

    /// The whole of a file that is small by its nature (a configuration, a tokenizer).
    ///
    /// - Parameters:
    ///   - what: describes what failed when it cannot be opened.
    ///   - maximumSize: in bytes; a larger file is an error, not a full memory.
    package static func bytes(
        of path: String, what: String = "cannot open the file", maximumSize: Int = 256 << 20
    ) throws(Failure) -> [UInt8] {
        let reader = try FileReader(path: path, what: what)
        guard reader.size <= maximumSize else {
            throw Failure(
                "the file is too large", expected: "at most \(maximumSize) bytes",
                got: "\(reader.size)", at: path)
        }
        return try reader.bytes(at: 0, count: reader.size)
    }
}
