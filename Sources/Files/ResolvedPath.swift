import Foundation

/// Where a path leads once links such as checkpoints/latest are followed.
package enum ResolvedPath {
    package static func of(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
