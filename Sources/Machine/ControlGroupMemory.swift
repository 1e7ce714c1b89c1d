/// The memory that control groups, of version 2 or 1, leave this process: its own group and all that it is
/// in may have a limit, and the tightest counts.
package struct ControlGroupMemory: Equatable, Sendable {
    /// The smallest limit; nil where none is seen.
    package private(set) var limitBytes: Int?
    /// The least that is left of a limit; files that nobody has read for a while can go.
    package private(set) var freeBytes: Int?

    /// The names of the files of a version.
    private struct Names {
        let limit: String
        let used: String
        let idle: String
    }

    private static let unified = Names(
        limit: "memory.max", used: "memory.current", idle: "inactive_file")
    private static let old = Names(
        limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", idle: "total_inactive_file")

    /// - Parameters:
    ///   - mount: where the system shows control groups.
    ///   - membership: the contents of /proc/self/cgroup.
    package init(
        mount: String = "/sys/fs/cgroup",
        membership: String = SystemFile.text("/proc/self/cgroup")
    ) {
        for line in membership.split(separator: "\n") {
            // NUMBER:CONTROLLERS:PATH, without controllers in version 2.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty {
                note(Self.folders(mount, parts[2]), Self.unified)
            } else if parts[1].split(separator: ",").contains("memory") {
                note(Self.folders(mount + "/memory", parts[2]), Self.old)
            }
        }
        // A container may show its own groups, and name those of its host.
        note([mount], Self.unified)
        note([mount + "/memory"], Self.old)
    }

    /// The folders of a group and of those that it is in, from the outermost.
    private static func folders(_ mount: String, _ path: Substring) -> [String] {
        path.split(separator: "/").reduce(into: [mount]) { folders, name in
            folders.append("\(folders[folders.count - 1])/\(name)")
        }
    }

    private mutating func note(_ folders: [String], _ names: Names) {
        for folder in folders {
            guard let limit = SystemFile.integer("\(folder)/\(names.limit)"),
                let used = SystemFile.integer("\(folder)/\(names.used)")
            else { continue }
            let statistics = SystemFile.memory(
                parsing: SystemFile.text("\(folder)/memory.stat"))
            limitBytes = min(limit, limitBytes ?? .max)
            freeBytes = min(limit - used + (statistics[names.idle] ?? 0), freeBytes ?? .max)
        }
    }
}
