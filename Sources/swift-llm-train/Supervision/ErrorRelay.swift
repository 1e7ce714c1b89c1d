import Foundation
import Synchronization
import SystemPackage

/// Passes a child's standard error on as it comes, and keeps its last words.
///
/// Not until the end of the pipe: a process that the child left on another host's behalf may hold that
/// open for long. What has arrived when the child is gone is all there is.
package final class ErrorRelay: Sendable {
    private struct State {
        var words = LastWords()
        var line: [UInt8] = []

        /// Lines longer than any message are not read to their end.
        mutating func take(_ byte: UInt8) {
            if byte == UInt8(ascii: "\n") {
                words.read(String(decoding: line, as: UTF8.self))
                line = []
            } else if line.count < 4096 {
                line.append(byte)
            }
        }
    }

    private let state = Mutex(State())
    private let reader: FileDescriptor
    /// The source of the bytes. Sources may be used from all threads, though their protocol does
    /// not state it.
    nonisolated(unsafe) private let source: any DispatchSourceRead

    /// The end of the pipe for the child.
    package let writer: FileDescriptor

    package init() throws {
        (reader, writer) = try FileDescriptor.pipe(options: [.closeOnExec])
        _ = fcntl(reader.rawValue, F_SETFL, O_NONBLOCK)
        source = DispatchSource.makeReadSource(fileDescriptor: reader.rawValue, queue: .global())
        source.setEventHandler { [self] in drain() }
        let descriptor = reader
        source.setCancelHandler { try? descriptor.close() }
        source.activate()
    }

    /// The line that best describes what happened; called once, when the child is gone.
    package func finish() -> String? {
        drain()
        source.cancel()
        return state.withLock { $0.words.text }
    }

    private func drain() {
        state.withLock { state in
            var bytes = [UInt8](repeating: 0, count: 1 << 14)
            while let count = try? bytes.withUnsafeMutableBytes({ try reader.read(into: $0) }),
                count > 0
            {
                try? FileHandle.standardError.write(contentsOf: bytes[..<count])
                for byte in bytes[..<count] { state.take(byte) }
            }
        }
    }
}
