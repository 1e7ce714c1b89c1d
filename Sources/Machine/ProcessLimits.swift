import Foundation

/// The limits of this process that training can run into; nil is unlimited.
package struct ProcessLimits: Equatable {
    package var openFiles: Int?
    package var lockedMemoryBytes: Int?
    package var addressSpaceBytes: Int?
    package var fileSizeBytes: Int?
    package var dataBytes: Int?

    package static var current: ProcessLimits {
        ProcessLimits(
            openFiles: limit(RLIMIT_NOFILE), lockedMemoryBytes: limit(__RLIMIT_MEMLOCK),
            addressSpaceBytes: limit(RLIMIT_AS), fileSizeBytes: limit(RLIMIT_FSIZE),
            dataBytes: limit(RLIMIT_DATA))
    }

    private static func limit(_ resource: __rlimit_resource) -> Int? {
        var value = rlimit()
        let status = getrlimit(__rlimit_resource_t(resource.rawValue), &value)
        guard status == 0, value.rlim_cur < rlim_t(Int.max) else { return nil }
        return Int(value.rlim_cur)
    }
}

/// The room of the file system that a path lies in.
package struct FileSystemFacts: Equatable {
    package let path: String
    package let totalBytes: Int
    /// The number of bytes that programs of this user may still write.
    package let freeBytes: Int

    /// Looks at the file system of a path; nil where there is no such path.
    package init?(path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        self.path = path
        totalBytes = Int(status.f_blocks) * Int(status.f_frsize)
        freeBytes = Int(status.f_bavail) * Int(status.f_frsize)
    }
}
