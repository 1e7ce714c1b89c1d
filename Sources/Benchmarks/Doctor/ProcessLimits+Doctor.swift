import Diagnostics
import JSON
import Machine

extension ProcessLimits {
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
