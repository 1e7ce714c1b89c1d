import Diagnostics
import Glibc

/// A file that appears under its name whole or not at all.
///
/// It is written under a temporary name in the same folder, fsynced and then renamed; an error
/// removes the temporary file. A file that already bears the name is refused, never replaced.
struct WholeFile {
    let path: String

    /// Calls `body` with the temporary path, which it must create, fill and close.
    func write<Result>(_ body: (_ temporaryPath: String) throws -> Result) throws -> Result {
        guard access(path, F_OK) != 0 else {
            throw Failure(
                "cannot write the file", expected: "a name that is free", got: "an existing file",
                at: path, remedy: "choose another output or remove the file")
        }
        let temporaryPath = "\(path).\(getpid()).partial"
        do {
            let result = try body(temporaryPath)
            try Self.synchronize(temporaryPath)
            guard rename(temporaryPath, path) == 0 else { throw failure() }
            try Self.synchronize(folderPath(of: path))
            return result
        } catch {
            unlink(temporaryPath)
            throw error
        }
    }

    /// Writes these bytes as the whole file.
    func write(_ bytes: [UInt8]) throws {
        try write { temporaryPath in
            let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw failure() }
            defer { close(descriptor) }
            var done = 0
            while done < bytes.count {
                let count = bytes[done...].withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw failure() }
                done += count
            }
        }
    }

    private func failure() -> Failure {
        Failure("cannot write the file", got: systemErrorText(), at: path)
    }

    private static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure("cannot write the file", got: systemErrorText(), at: path)
        }
        defer { close(descriptor) }
        // Some file systems cannot fsync a folder and say so by EINVAL: nothing is lost by that.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw Failure("cannot write the file", got: systemErrorText(), at: path)
        }
    }
}

/// The folder in which the file of this path lies.
func folderPath(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}
