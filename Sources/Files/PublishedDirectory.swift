import Diagnostics
import Glibc

/// A directory that appears whole or not at all.
///
/// Its files are written into `.NAME.partial` beside its place, put on the disk, and the directory
/// is renamed. The steps are separate verbs so that several ranks can write into one directory:
/// one creates it, all write, one publishes it. Where one process does all, use `write`.
package struct PublishedDirectory: Sendable {
    /// The path at which the directory will appear.
    package let path: String
    /// The path of the directory while its files are written.
    package let temporaryPath: String

    package init(at path: String) {
        self.path = path
        temporaryPath = TemporaryName.partial(of: path)
    }

    /// Writes a directory: `body` gets the temporary path, fills it, and everything is published.
    ///
    /// When `body` throws, nothing remains but what was at `path` before.
    ///
    /// - Parameter isReplacing: whether a directory at `path` may be replaced; an error otherwise.
    package static func write(
        to path: String, isReplacing: Bool = false, _ body: (String) throws -> Void
    ) throws {
        let directory = PublishedDirectory(at: path)
        guard try isReplacing || !DirectoryEntries.isThere(path) else {
            throw SystemCall.failure("cannot publish the directory", code: EEXIST, at: path)
        }
        do {
            try directory.create()
            try body(directory.temporaryPath)
            try directory.publish(isReplacing: isReplacing)
        } catch {
            directory.discard()
            throw error
        }
    }

    /// Makes the empty temporary directory, in the place of a leftover of an earlier crash.
    package func create() throws(Failure) {
        try DirectoryEntries.remove(temporaryPath)
        try SystemCall.check("cannot create the directory", at: path) {
            mkdir(temporaryPath, 0o777)
        }
    }

    /// Puts every file on the disk and lets the directory appear.
    package func publish(isReplacing: Bool = false) throws(Failure) {
        let tree = try DirectoryEntries.tree(of: temporaryPath)
        for entry in tree.files + tree.directories.reversed() {
            try DirectoryEntries.synchronize("\(temporaryPath)/\(entry)")
        }
        guard isReplacing, try DirectoryEntries.isThere(path) else {
            return try TemporaryName.rename(temporaryPath, to: path)
        }
        try replace()
    }

    /// A directory cannot be renamed onto a full one, so the old one steps aside first. For a moment
    /// there is none at `path`; `removeLeftovers` brings the old one back after a crash just then.
    private func replace() throws(Failure) {
        let replaced = TemporaryName.replaced(of: path)
        try DirectoryEntries.remove(replaced)
        try TemporaryName.rename(path, to: replaced)
        do {
            try TemporaryName.rename(temporaryPath, to: path)
        } catch {
            try? TemporaryName.rename(replaced, to: path)
            throw error
        }
        try DirectoryEntries.remove(replaced)
    }

    /// Removes what was written so far; errors are dropped, since it follows another error.
    package func discard() {
        try? DirectoryEntries.remove(temporaryPath)
    }

    /// Removes the temporary files and directories that crashes left in `directory`.
    ///
    /// Only for directories in which nobody is writing now.
    ///
    /// - Returns: the temporary names that are gone now, sorted.
    @discardableResult
    package static func removeLeftovers(in directory: String) throws(Failure) -> [String] {
        let leftovers = try DirectoryEntries.names(in: directory).filter(TemporaryName.isTemporary)
        for name in leftovers {
            let leftover = "\(directory)/\(name)"
            if let original = TemporaryName.original(ofReplaced: name),
                try !DirectoryEntries.isThere("\(directory)/\(original)")
            {
                try TemporaryName.rename(leftover, to: "\(directory)/\(original)")
            } else {
                try DirectoryEntries.remove(leftover)
            }
        }
        return leftovers
    }
}
