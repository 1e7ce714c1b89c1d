import Diagnostics
import Glibc

/// A file that appears whole or not at all.
///
/// It is written as `.NAME.partial` beside its place, put on the disk, and renamed; then the name
/// itself is put on the disk. A reader sees the old file or the new one, never a mixture, and after
/// a crash of the machine too.
package enum PublishedFile {
    /// Writes the file at `path`, replacing the one that lies there.
    ///
    /// When `body` throws, the old file stays as it was and nothing new remains.
    package static func write(
        to path: String, _ body: (FileWriter) throws -> Void
    ) throws {
        let temporary = TemporaryName.partial(of: path)
        try DirectoryEntries.remove(temporary)
        do {
            let writer = try FileWriter(path: temporary)
            try body(writer)
            try writer.finish()
            try TemporaryName.rename(temporary, to: path)
        } catch {
            try? DirectoryEntries.remove(temporary)
            throw error
        }
    }

    package static func write(_ bytes: [UInt8], to path: String) throws {
        try write(to: path) { try $0.write(bytes) }
    }

    /// Lets a file appear that other code writes: `body` gets a temporary path, at which it must
    /// create, fill and close the file.
    ///
    /// A file that exists at `path` already is refused, unless it is to be replaced. The temporary
    /// name is this process's own, so that of two processes neither publishes what the other has
    /// half written.
    package static func create<Result>(
        at path: String, isReplacing: Bool = false,
        _ body: (_ temporaryPath: String) throws -> Result
    ) throws -> Result {
        guard try isReplacing || !DirectoryEntries.isThere(path) else {
            throw Failure(
                "cannot write the file", expected: "a name that is free", got: "an existing file",
                at: path, remedy: "choose another output or remove the file")
        }
        let temporary = ownTemporary(of: path)
        do {
            let result = try body(temporary)
            try publish(temporary, as: path)
            return result
        } catch {
            try? DirectoryEntries.remove(temporary)
            throw error
        }
    }

    /// The name beside `path`, this process's own, under which it is written before it is published.
    package static func ownTemporary(of path: String) -> String {
        TemporaryName.ownPartial(of: path)
    }

    /// Puts what was written on the disk and lets it appear at `path`, replacing what lies there.
    package static func publish(_ temporary: String, as path: String) throws(Failure) {
        try DirectoryEntries.synchronize(temporary)
        try TemporaryName.rename(temporary, to: path)
    }

    /// Makes `path` a symbolic link to `target`, replacing the link or file that lies there.
    package static func link(_ path: String, to target: String) throws(Failure) {
        let temporary = TemporaryName.partial(of: path)
        try DirectoryEntries.remove(temporary)
        try SystemCall.check("cannot create the link", at: path) {
            symlink(target, temporary)
        }
        do {
            try TemporaryName.rename(temporary, to: path)
        } catch {
            try? DirectoryEntries.remove(temporary)
            throw error
        }
    }
}
