import Diagnostics
import Foundation
import JSON
import ModelFiles

/// The limits of this process that training can run into; nil is unlimited.
struct ProcessLimits: Equatable {
    var openFiles: Int?
    var lockedMemoryBytes: Int?
    var addressSpaceBytes: Int?
    var fileSizeBytes: Int?
    var dataBytes: Int?

    static var current: ProcessLimits {
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

    /// 64 shards are open at most; MPI takes some descriptors for each peer.
    private static let leastOpenFiles = 1024

    var lines: [DoctorLine] {
        let locked = lockedMemoryBytes.map(Quantity.bytes) ?? "unlimited"
        return [
            DoctorLine(
                "limits",
                "\(openFiles.map(String.init) ?? "unlimited") open files, \(locked) locked memory",
                "Shards, checkpoints and MPI connections need files; InfiniBand wants "
                    + "unlimited locked memory, Ethernet none.")
        ]
    }

    var warnings: [String] {
        var warnings: [String] = []
        if let openFiles, openFiles < Self.leastOpenFiles {
            warnings.append(
                "only \(openFiles) files may be open: raise the limit with ulimit -n 4096")
        }
        if let addressSpaceBytes {
            warnings.append(
                "memory is limited to \(Quantity.bytes(addressSpaceBytes)) a process: lift the "
                    + "limit with ulimit -v unlimited")
        }
        if let fileSizeBytes {
            warnings.append(
                "files are limited to \(Quantity.bytes(fileSizeBytes)), checkpoints too: lift "
                    + "the limit with ulimit -f unlimited")
        }
        return warnings
    }

    var json: JSONValue {
        func value(_ limit: Int?) -> JSONValue { limit.map(JSONValue.integer) ?? .null }
        return .object([
            "open_files": value(openFiles), "locked_memory_bytes": value(lockedMemoryBytes),
            "address_space_bytes": value(addressSpaceBytes),
            "file_size_bytes": value(fileSizeBytes),
        ])
    }
}
