import Diagnostics
import Files
import Foundation

/// An event file of TensorBoard: RUN/tensorboard/events.out.tfevents.SECONDS.HOST.
///
/// A resumed run goes on in the same file. Source: tensorboard/compat/proto/event.proto and
/// summary.proto, and TensorFlow's record_writer.cc for the frames.
package final class TensorBoardFile: MetricsSink {
    private let file: AppendedFile

    private static let prefix = "events.out.tfevents."

    /// Opens the newest event file of a directory, or makes one; events of steps after `lastStep` are cut.
    package init(in directory: String, lastStep: Int) throws {
        let found = try Self.newest(in: directory)
        let path = found ?? directory + "/" + Self.name
        do {
            if let found {
                try Self.cut(found, after: lastStep)
            } else {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true)
                try PublishedFile.write(TensorBoardEvent.version(seconds: Self.now).frame, to: path)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("cannot write metrics", got: error.localizedDescription, at: path)
        }
        file = try AppendedFile(at: path)
    }

    package func append(_ record: MetricsRecord) throws {
        let event = TensorBoardEvent(
            seconds: Self.now, step: record.step, scalars: record.scalars)
        if !event.scalars.isEmpty { try file.append(event.frame) }
    }

    private static var now: Double { Date.now.timeIntervalSince1970 }

    private static var name: String {
        let host = ProcessInfo.processInfo.hostName.filter { $0.isASCII && $0 != "/" }
        return "\(prefix)\(Int(now)).\(host)"
    }

    private static func newest(in directory: String) throws -> String? {
        guard try DirectoryEntries.isThere(directory) else { return nil }
        let names = try DirectoryEntries.names(in: directory).filter { $0.hasPrefix(prefix) }
        return names.max().map { directory + "/" + $0 }
    }

    /// Cuts a file before its first event of a step after `lastStep`, or before what is torn.
    private static func cut(_ path: String, after lastStep: Int) throws {
        let frames = TensorBoardFrames(try FileReader(path: path))
        var end = 0
        while let (step, next) = try frames.event(at: end), step <= lastStep { end = next }
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: UInt64(end))
        try handle.close()
    }
}
