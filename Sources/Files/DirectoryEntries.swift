import Diagnostics
import Foundation

/// Paths, and the files below a directory.
package enum DirectoryEntries {
    /// Splits into the parent ("." when there is none) and the last component.
    package static func split(_ path: String) -> (parent: String, name: String) {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
        let parent = slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
        return (parent, String(trimmed[trimmed.index(after: slash)...]))
    }

    /// The names in one directory, sorted.
    package static func names(in directory: String) throws(Failure) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw failure("cannot list the directory", error, at: directory)
        }
    }

    /// The files below a directory, as sorted relative paths, and the directories, parents first.
    package static func tree(
        of directory: String
    ) throws(Failure) -> (files: [String], directories: [String]) {
        var files: [String] = []
        var directories = [""]
        var next = 0
        while next < directories.count {
            let parent = directories[next]
            next += 1
            for name in try names(in: parent.isEmpty ? directory : "\(directory)/\(parent)") {
                let path = parent.isEmpty ? name : "\(parent)/\(name)"
                if try isDirectory("\(directory)/\(path)") {
                    directories.append(path)
                } else {
                    files.append(path)
                }
            }
        }
        return (files.sorted(), directories)
    }

    /// The paths with the files below a directory in its place: those of each directory in the order of
    /// their names, hidden ones left out. Links are followed, and no directory is entered twice.
    ///
    /// - Throws: `Failure` for a directory without a file.
    package static func files(in paths: [String]) throws(Failure) -> [String] {
        var files: [String] = []
        for path in paths {
            var seen: Set<[UInt64]> = []
            let found = try Self.files(at: path, seen: &seen)
            guard !found.isEmpty else {
                throw Failure(
                    "the directory holds no file", expected: "files whose names begin with no dot",
                    got: "none", at: path, remedy: "name another")
            }
            files += found
        }
        return files
    }

    private static func files(
        at path: String, seen: inout Set<[UInt64]>
    ) throws(Failure) -> [String] {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [path] }
        guard seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted else {
            return []
        }
        let names = try Self.names(in: path).filter { !$0.hasPrefix(".") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var files: [String] = []
        for name in names {
            files += try Self.files(
                at: path.hasSuffix("/") ? path + name : "\(path)/\(name)", seen: &seen)
        }
        return files
    }

    /// Makes a directory where it is missing, and those around it; what it makes is on the disk.
    ///
    /// - Parameter what: describes what failed.
    package static func make(
        _ path: String, what: String = "cannot create the directory"
    ) throws(Failure) {
        guard try !isFolder(path) else { return }
        let parent = split(path).parent
        if parent != path { try make(parent, what: what) }
        let isMade = try SystemCall.check(what, at: path) { () -> Int32 in
            guard mkdir(path, 0o777) != 0 else { return 1 }
            let code = errno
            // Another process may be making it too.
            if code == EEXIST, (try? isFolder(path)) == true { return 0 }
            errno = code == EEXIST ? ENOTDIR : code
            return -1
        }
        if isMade == 1 { try synchronize(parent) }
    }

    /// Removes a file, a link or a whole directory; a missing one is fine.
    package static func remove(_ path: String) throws(Failure) {
        guard try isThere(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw failure("cannot remove what stands there", error, at: path)
        }
    }

    /// Puts a file, or the names in a directory, on the disk.
    static func synchronize(_ path: String) throws(Failure) {
        let what = "cannot write to the disk"
        let place = TemporaryName.published(path)
        let descriptor = try SystemCall.check(what, at: place) { open(path, O_RDONLY | O_CLOEXEC) }
        defer { close(descriptor) }
        // Some file systems cannot fsync a folder and say so by EINVAL: nothing is lost by that.
        try SystemCall.check(what, at: place) {
            let status = fsync(descriptor)
            return status < 0 && errno == EINVAL ? 0 : status
        }
    }

    private static func failure(_ what: String, _ error: any Error, at path: String) -> Failure {
        Failure(
            what, got: error.localizedDescription, at: TemporaryName.published(path),
            remedy: "check the permissions")
    }
}
