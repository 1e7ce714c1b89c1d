import Diagnostics
import Foundation

extension DirectoryEntries {
    /// Whether something exists at `path`, a link that leads nowhere too.
    ///
    /// - Parameter followsLinks: whether what counts is the place to which links lead.
    /// - Throws: `Failure` where the system cannot find out: a place that may not be looked at, or
    ///   a disk that fails, is not taken for an empty one.
    package static func isThere(
        _ path: String, followsLinks: Bool = false
    ) throws(Failure) -> Bool {
        try fileType(of: path, followsLinks: followsLinks) != nil
    }

    /// Whether a directory lies at `path`, or at the place to which it leads.
    ///
    /// - Throws: `Failure` where the system cannot tell.
    package static func isFolder(_ path: String) throws(Failure) -> Bool {
        try fileType(of: path, followsLinks: true) == S_IFDIR
    }

    /// Whether a directory lies at `path` itself, which a link to one is not.
    ///
    /// - Throws: `Failure` where the system cannot tell.
    static func isDirectory(_ path: String) throws(Failure) -> Bool {
        try fileType(of: path, followsLinks: false) == S_IFDIR
    }

    /// Whether a regular file lies at `path`, or at the place to which it leads.
    ///
    /// - Throws: `Failure` where the system cannot tell.
    package static func isFile(_ path: String) throws(Failure) -> Bool {
        try fileType(of: path, followsLinks: true) == S_IFREG
    }

    /// The names in a directory, sorted; none where there is no such directory.
    ///
    /// - Throws: `Failure` where it cannot be listed.
    package static func namesIfThere(in directory: String) throws(Failure) -> [String] {
        try isThere(directory, followsLinks: true) ? names(in: directory) : []
    }

    /// The type of the file at a path; nil where nothing is there.
    private static func fileType(
        of path: String, followsLinks: Bool
    ) throws(Failure) -> mode_t? {
        var status = stat()
        while (followsLinks ? stat(path, &status) : lstat(path, &status)) != 0 {
            switch errno {
            case ENOENT, ENOTDIR: return nil
            case EINTR: continue
            case let code:
                throw SystemCall.failure(
                    "cannot look at the path", code: code, at: TemporaryName.published(path))
            }
        }
        return status.st_mode & S_IFMT
    }
}

/// The path to which another leads once links such as checkpoints/latest are followed.
package enum ResolvedPath {
    package static func of(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// The path to which a model is written.
package enum OutputPath {
    /// Makes the directory in which `path` is to lie, and those around it.
    package static func makeParent(of path: String) throws(Failure) {
        do {
            try DirectoryEntries.make(DirectoryEntries.split(path).parent)
        } catch {
            var failure = error
            failure.remedy = "choose another output"
            throw failure
        }
    }
}
