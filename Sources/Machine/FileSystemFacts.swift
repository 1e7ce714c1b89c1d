import Foundation
import JSON
import ModelFiles

/// The room of the file system that a path lies in.
struct FileSystemFacts: Equatable {
    let path: String
    let totalBytes: Int
    /// What programs of this user may still write.
    let freeBytes: Int

    /// Nil where there is no such path.
    init?(path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        self.path = path
        totalBytes = Int(status.f_blocks) * Int(status.f_frsize)
        freeBytes = Int(status.f_bavail) * Int(status.f_frsize)
    }

    var json: JSONValue {
        .object([
            "path": .string(path), "total_bytes": .integer(totalBytes),
            "free_bytes": .integer(freeBytes),
        ])
    }
}
