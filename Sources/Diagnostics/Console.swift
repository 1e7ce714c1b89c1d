import Foundation
import Synchronization

/// Standard output and standard error, line by line, also where they are pipes.
package enum Console {
    private static let endsProgramOnFailure = Atomic<Bool>(false)

    /// Whether a stream that cannot be written (a reader that went away, a full disk, a terminal that
    /// is gone) ends the program with exit code 1. A training outlives its streams: it sets this to
    /// false, and its log goes on in a file.
    package static var endsProgram: Bool {
        get { endsProgramOnFailure.load(ordering: .relaxed) }
        set { endsProgramOnFailure.store(newValue, ordering: .relaxed) }
    }

    /// Puts something in the place of standard streams that the process was started without, before a
    /// file of its own takes that place and is written into; writing there fails as it should.
    package static func occupyClosedStreams() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDONLY)
        }
    }

    package static func line(_ text: String) { write(text + "\n") }

    /// Writes text without a line break, as it comes.
    package static func write(_ text: String, to stream: FileHandle = .standardOutput) {
        write(Array(text.utf8), to: stream)
    }

    /// Writes a line that is a JSON object already, in whatever form the others are.
    package static func record(_ json: String) {
        put(Array((json + "\n").utf8), to: .standardOutput)
    }

    /// Writes bytes as they are; on standard output each line as an object where JSON is asked for.
    package static func write(_ bytes: [UInt8], to stream: FileHandle = .standardOutput) {
        guard ConsoleFormat.current == .json, stream.fileDescriptor == STDOUT_FILENO else {
            return put(bytes, to: stream)
        }
        let objects = ConsoleFormat.objects(ofNext: bytes)
        if !objects.isEmpty { put(objects, to: stream) }
    }

    private static func put(_ bytes: [UInt8], to stream: FileHandle) {
        let code = ConsoleFooter.aside(endsLine: bytes.last == UInt8(ascii: "\n")) {
            writeAll(bytes, to: stream.fileDescriptor)
        }
        guard code != 0 && endsProgram else { return }
        if stream.fileDescriptor == STDOUT_FILENO {
            let failure = Failure(
                "cannot write to standard output", got: String(cString: strerror(code)))
            _ = writeAll(Array("swift-llm-train: \(failure.line)\n".utf8), to: STDERR_FILENO)
        }
        // Other threads may be computing: nothing is torn down under them.
        _exit(1)
    }

    /// Returns the system's error code, 0 for none.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let code = errno
            if code == EAGAIN {
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&request, 1, -1)
            } else if code != EINTR {
                return code
            }
        }
        return 0
    }
}

/// The clock that measures from the start of the program.
package enum ProgramClock {
    /// The moment of the first use, which `main` makes its first act.
    package static let start = ContinuousClock.now
}
