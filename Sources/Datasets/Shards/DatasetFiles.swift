import Diagnostics
import Files
import Glibc

/// The two parts of a prepared text.
package enum DatasetSplit: String, CaseIterable, Codable, Sendable {
    case train
    case validation
}

/// Finds the shard files that a recipe names.
package enum DatasetFiles {
    /// The shards, in name order, of a shard directory (its `train-*.h5` or `validation-*.h5`), of
    /// a glob, or of one file.
    ///
    /// - Throws: a `Failure` where there is none.
    package static func resolve(_ path: String, split: DatasetSplit) throws -> [String] {
        let paths = try found(path, split: split)
        guard paths.isEmpty else { return paths }
        guard try DirectoryEntries.isThere(path, followsLinks: true) else {
            throw Failure(
                "there is no token shard", expected: "a shard directory, a glob or a file",
                got: "nothing of that name", at: path, remedy: "prepare the text first")
        }
        throw Failure(
            "the directory holds no \(split.rawValue) shard",
            expected: "\(split.rawValue)-*.h5", got: "none", at: path,
            remedy: split == .train
                ? "prepare the text first" : "prepare with a validation fraction above 0")
    }

    /// The shards, as above; none where there is none.
    static func found(_ path: String, split: DatasetSplit) throws -> [String] {
        guard try DirectoryEntries.isThere(path, followsLinks: true) else {
            return try matches(of: path)
        }
        guard try DirectoryEntries.isFolder(path) else { return [path] }
        return try matches(of: "\(escaped(path))/\(split.rawValue)-*.h5")
    }

    /// Paths in byte order, whatever the locale.
    ///
    /// - Throws: a `Failure` where a directory cannot be listed: shards that nobody sees are missing.
    static func matches(of pattern: String) throws -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        errno = 0
        switch glob(pattern, GLOB_NOSORT | GLOB_ERR, nil, &found) {
        case 0: break
        case GLOB_NOMATCH: return []
        case _ where errno == ENOENT || errno == ENOTDIR: return []
        case GLOB_NOSPACE:
            throw SystemCall.failure("cannot look for the shards", code: ENOMEM, at: pattern)
        case _: throw SystemCall.failure("cannot look for the shards", code: errno, at: pattern)
        }
        let paths = (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0] }
        return paths.map { String(cString: $0) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }

    /// The path as a pattern that matches nothing but it.
    static func escaped(_ path: String) -> String {
        path.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
