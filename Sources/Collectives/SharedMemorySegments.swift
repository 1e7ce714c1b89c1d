import Files
import Foundation

/// The files in /dev/shm through which the ranks of a node talk: MPI removes them at its end, but not
/// when the launcher and the ranks are killed. A run notes them, and its next start removes them.
package struct SharedMemorySegments {
    private let folder: String
    private let processes: String

    package init(folder: String = "/dev/shm", processes: String = "/proc") {
        (self.folder, self.processes) = (folder, processes)
    }

    /// The names of those that this process has mapped.
    package var own: Set<String> { mapped(by: "self") }

    /// Removes those of `names` that are files of this user which no process has mapped.
    ///
    /// - Parameter names: noted by a run that is known to be dead.
    /// - Returns: what was removed, sorted.
    package func remove(_ names: some Collection<String>) -> [String] {
        let candidates = Set(names.filter { !$0.contains("/") && isOwnFile($0) })
        guard !candidates.isEmpty else { return [] }
        // Whose they are is unknown where the processes cannot be listed.
        let listed = try? FileManager.default.contentsOfDirectory(atPath: processes)
        guard let numbers = listed else { return [] }
        let used = numbers.filter { Int($0) != nil }.map(mapped(by:))
        let unused = used.reduce(candidates) { $0.subtracting($1) }
        return unused.filter { unlink("\(folder)/\($0)") == 0 }.sorted()
    }

    /// Takes the pages of those of `names` that are files of this user, which MPI would take one by one
    /// as messages need them: in a folder that has become full, that ends in SIGBUS.
    ///
    /// - Returns: bytes that the folder has no room for; those stay as they were.
    package func reserve(_ names: some Collection<String>) -> Int {
        names.filter { !$0.contains("/") && isOwnFile($0) }.reduce(0) { $0 + missing(in: $1) }
    }

    private func missing(in name: String) -> Int {
        let descriptor = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var (file, room) = (stat(), statvfs())
        guard fstat(descriptor, &file) == 0, statvfs("\(folder)/\(name)", &room) == 0 else {
            return 0
        }
        // Not tried where there is too little: what is taken in vain stays taken.
        let absent = max(0, Int(file.st_size) - 512 * Int(file.st_blocks))
        guard absent <= Int(room.f_bavail) * Int(room.f_frsize) else { return absent }
        return posix_fallocate(descriptor, 0, file.st_size) == 0 ? 0 : absent
    }

    private func isOwnFile(_ name: String) -> Bool {
        var status = stat()
        return lstat("\(folder)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && status.st_uid == geteuid()
    }

    /// The files of the folder in the memory of a process; none where that may not be looked at.
    private func mapped(by process: String) -> Set<String> {
        guard
            let text = try? String(
                contentsOf: URL(filePath: "\(processes)/\(process)/maps"), encoding: .utf8)
        else { return [] }
        let names = text.split(separator: "\n").compactMap { line -> String? in
            guard let place = line.range(of: folder + "/") else { return nil }
            return String(line[place.upperBound...])
        }
        return Set(names.filter { !$0.contains("/") && !$0.hasSuffix(" (deleted)") })
    }
}

extension Communicator {
    /// Removes on each host the segments that the last start of a run left, notes those of this start,
    /// one a line, and reserves their pages; collective.
    ///
    /// - Parameter path: of the notes; on rank 0, which holds the lock of the run: the last start is
    ///   dead. Nil on the others.
    /// - Returns: what was removed, on all hosts, and the most bytes that a host had no room for.
    package func replaceSegments(
        notedAt path: String?
    ) throws -> (removed: [String], missingByteCount: Int) {
        let segments = SharedMemorySegments()
        let notes = try agree { () throws -> [UInt8] in
            guard let path, try DirectoryEntries.isThere(path) else { return [] }
            return try FileReader.bytes(of: path)
        }
        let names = Self.lines(try broadcast(notes, from: 0))
        let removed = localRank == 0 ? segments.remove(names) : []
        let all = try allGather(ofAnySize: Self.bytes(of: segments.own.sorted()))
        let current = Set(all.flatMap(Self.lines)).sorted()
        try agree {
            guard let path else { return }
            try PublishedFile.write(Self.bytes(of: current), to: path)
        }
        // Each rank of a host those that fall to it: a name is a file on one host alone.
        let part = current.enumerated().filter { $0.offset % neighbourCount == localRank }
        let missing = segments.reserve(part.map(\.element))
        return (
            try allGather(ofAnySize: Self.bytes(of: removed)).flatMap(Self.lines),
            Int(try allReduce([Int64(missing)], .maximum)[0])
        )
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func bytes(of lines: [String]) -> [UInt8] {
        Array(lines.map { $0 + "\n" }.joined().utf8)
    }
}
