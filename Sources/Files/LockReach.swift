import Foundation

/// The processes among which an flock of a file system is seen.
///
/// Many network file systems grant a lock that other hosts never hear of, and say so nowhere but in
/// the options of the mount.
package enum LockReach: Equatable, Sendable {
    /// All processes that see the file, whatever host they are on.
    case allHosts
    /// The processes of this host alone, as far as one can know; the reason names the mount.
    case thisHost(reason: String)

    /// Tells the reach at a path by the mount that the path lies in.
    ///
    /// - Parameter mounts: the list of mounts, in the format of /proc/self/mountinfo.
    package init(at path: String, mounts: String = LockReach.mounts) {
        let path = ResolvedPath.of(path)
        let mount = mounts.split(separator: "\n").compactMap(Mount.init)
            .filter { $0.holds(path) }
            // Of equal places the later mount covers the earlier one.
            .reversed().max { $0.place.utf8.count < $1.place.utf8.count }
        self = mount?.reach ?? .allHosts
    }

    /// The mounts that this process sees; empty where the system does not show them.
    package static var mounts: String {
        let file = FileHandle(forReadingAtPath: "/proc/self/mountinfo")
        // Not `String(contentsOfFile:)`: the file tells a size of 0.
        let bytes = (try? file?.readToEnd()) ?? nil
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }
}

/// One line of /proc/self/mountinfo.
private struct Mount {
    let place: String
    let type: String
    /// The options of the file system, as "flock" or "local_lock=none".
    let options: [Substring]

    /// File systems on servers that keep flock on the host, or may, as far as their mounts tell.
    private static let localTypes: Set<String> = [
        "9p", "afs", "beegfs", "fuse", "orangefs", "pvfs2", "virtiofs",
    ]
    /// File systems in user space that pass locks on, or whose files no other host sees.
    private static let knownInUserSpace: Set<String> = [
        "fuse.ceph-fuse", "fuse.fuse-overlayfs", "fuse.glusterfs",
    ]

    /// Reads `ID PARENT DEVICE ROOT PLACE OPTIONS TAGS... - TYPE SOURCE OPTIONS`.
    init?(line: Substring) {
        let words = line.split(separator: " ")
        guard let dash = words.firstIndex(of: "-"), words.count > dash + 3, dash > 5 else {
            return nil
        }
        place = Self.unescaped(words[4])
        type = String(words[dash + 1])
        options = words[5].split(separator: ",") + words[dash + 3].split(separator: ",")
    }

    func holds(_ path: String) -> Bool {
        path == place || path.hasPrefix(place.hasSuffix("/") ? place : place + "/")
    }

    var reach: LockReach {
        if let option = options.first(where: isLocal) {
            return .thisHost(reason: "\(type) with \(option)")
        }
        let isInUserSpace = type.hasPrefix("fuse.") && !Self.knownInUserSpace.contains(type)
        return Self.localTypes.contains(type) || isInUserSpace
            ? .thisHost(reason: type) : .allHosts
    }

    private func isLocal(_ option: Substring) -> Bool {
        switch type {
        case "lustre": option == "localflock"
        case "nfs", "nfs4": ["nolock", "local_lock=flock", "local_lock=all"].contains(option)
        case "cifs", "smb3": option == "nobrl"
        default: false
        }
    }

    /// The kernel writes spaces, tabs, line feeds and backslashes as three octal digits.
    private static func unescaped(_ word: Substring) -> String {
        [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")].reduce(String(word)) {
            $0.replacingOccurrences(of: $1.0, with: $1.1)
        }
    }
}
