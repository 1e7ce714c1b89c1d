import Diagnostics
import Glibc

/// The words of the system for the last failed call ("No such file or directory").
func systemErrorText() -> String {
    String(cString: strerror(errno))
}

/// Opens a file for reading and gives its descriptor, which the caller closes.
func openForReading(_ path: String, what: String) throws -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(what, got: systemErrorText(), at: path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        throw Failure(what, expected: "a regular file", got: "something else", at: path)
    }
    return descriptor
}

/// The size of an open file in bytes.
func fileSize(of descriptor: Int32, at path: String) throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
        throw Failure("cannot find the size of the file", got: systemErrorText(), at: path)
    }
    return Int(status.st_size)
}

/// Fills `buffer` from `offset` on; fewer bytes are read only where the file ends.
func readBytes(
    _ descriptor: Int32, from offset: Int, into buffer: UnsafeMutableRawBufferPointer,
    at path: String
) throws -> Int {
    var done = 0
    while done < buffer.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else {
            throw Failure("cannot read the file", got: systemErrorText(), at: path)
        }
        if count == 0 { break }
        done += count
    }
    return done
}
