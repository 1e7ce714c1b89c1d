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
