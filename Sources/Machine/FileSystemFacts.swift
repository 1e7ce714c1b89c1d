import Foundation

/// The room of the file system that a path lies in.
package struct FileSystemFacts: Equatable {
    package let path: String
    package let totalBytes: Int
    /// What programs of this user may still write.
    package let freeBytes: Int

    /// Nil where there is no such path.
    package init?(path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        self.path = path
        totalBytes = Int(status.f_blocks) * Int(status.f_frsize)
        freeBytes = Int(status.f_bavail) * Int(status.f_frsize)
    }
}
