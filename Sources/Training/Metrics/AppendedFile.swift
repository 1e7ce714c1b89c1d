import Diagnostics
import Files
import Foundation

/// A file of metrics that grows at its end as a run goes.
final class AppendedFile {
    private let path: String
    private let handle: FileHandle

    /// Bytes that are written at a time when lines are cut.
    private static let blockSize = 1 << 20

    /// Opens a file that is there, at its end.
    ///
    /// - Throws: `Failure` where it cannot be written.
    init(at path: String) throws {
        self.path = path
        do {
            handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
        } catch {
            throw Failure("cannot write metrics", got: error.localizedDescription, at: path)
        }
    }

    deinit { try? handle.close() }

    func append(_ bytes: [UInt8]) throws {
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            throw Failure(
                "cannot write metrics", got: error.localizedDescription, at: path,
                remedy: "free some space and resume")
        }
    }

    /// Cuts the lines of a file that are not to be kept; one that is not there begins with `header`.
    ///
    /// Most runs are gone on with where they stopped: then there is nothing to write.
    static func cutLines(
        of path: String, header: String = "", where isKept: (ArraySlice<UInt8>) -> Bool
    ) throws {
        guard try DirectoryEntries.isThere(path) else {
            return try PublishedFile.write(Array(header.utf8), to: path)
        }
        let lines = try FileLines(of: path)
        var isWhole = try lines.endsWithLineFeed
        try lines.forEachLine { line in
            isWhole = isWhole && isKept(line)
            return isWhole
        }
        guard !isWhole else { return }
        try PublishedFile.write(to: path) { writer in
            var block: [UInt8] = []
            try lines.forEachLine { line in
                guard isKept(line) else { return true }
                block += line + [UInt8(ascii: "\n")]
                if block.count >= blockSize {
                    try writer.write(block)
                    block.removeAll(keepingCapacity: true)
                }
                return true
            }
            try writer.write(block)
        }
    }
}
