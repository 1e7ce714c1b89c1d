import Diagnostics
import Dispatch
import Files
import Foundation
import Glibc

/// A command of the shell that reads a text and writes another, in a limited time.
///
/// Its input and its outputs are files without names: a command that stops reading, or never stops
/// writing, holds up nobody.
struct ShellCommand {
    private let command: String

    /// Bytes of an output that are read.
    private static let largestOutput = 1 << 28

    init(_ command: String) {
        self.command = command
    }

    /// What a command has written, and what went wrong; nil for nothing.
    struct Result {
        let output: String
        let problem: String?
    }

    /// - Parameter seconds: after which the command, and what it has started, is ended.
    /// - Throws: `Failure` where the system starts no command.
    func run(_ input: String, seconds: Double) throws -> Result {
        let files = try (0..<3).map { _ in try NamelessFile() }
        try files[0].fill(input)
        let process = try spawn(files.map(\.descriptor))
        let ended = DispatchSemaphore(value: 0)
        let status = ExitStatus()
        Thread.named("command") {
            status.wait(for: process)
            ended.signal()
        }.start()
        let isLate = ended.wait(timeout: .now() + seconds) == .timedOut
        if isLate {
            kill(-process, SIGKILL)
            ended.wait()
        }
        let problem =
            isLate
            ? "none within \(seconds) s" : status.problem(errors: files[2].text(limit: 1 << 14))
        return Result(output: files[1].text(limit: Self.largestOutput), problem: problem)
    }

    /// Starts the command in a group of its own, with no signal blocked.
    private func spawn(_ descriptors: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let words: [String] = ["sh", "-c", command]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        // A command that uses MPI itself is not a part of this job.
        let variables: [String] = ProcessInfo.processInfo.environment.filter { variable in
            !["OMPI_", "PMIX_", "PRTE_", "PMI_"].contains { variable.key.hasPrefix($0) }
        }.map { "\($0.key)=\($0.value)" }
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        let code = posix_spawn(
            &process, "/bin/sh", &actions, &attributes, &arguments, &environment)
        guard code == 0 else {
            throw SystemCall.failure("cannot start a command", code: code, at: command)
        }
        return process
    }
}

/// How a process ended; written by one thread, read after that has said so.
private final class ExitStatus: @unchecked Sendable {
    private var status: Int32 = 0

    func wait(for process: pid_t) {
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }

    /// What went wrong; nil where it ended with 0.
    func problem(errors: String) -> String? {
        guard status != 0 else { return nil }
        let signal = status & 0x7f
        let ending = signal == 0 ? "code \(status >> 8 & 0xff)" : "signal \(signal)"
        let line = errors.split(whereSeparator: \.isNewline).last
        return "the command ended with \(ending)" + (line.map { ": \($0.prefix(200))" } ?? "")
    }
}

/// A file that nobody else finds, and that goes with the last process that has it open.
private final class NamelessFile {
    let descriptor: Int32

    init() throws {
        let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var path = Array("\(folder)/reward-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            throw SystemCall.failure("cannot make a temporary file", code: errno, at: folder)
        }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Writes a text, which is then read from its beginning.
    func fill(_ text: String) throws {
        var text = text
        try text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                done += try SystemCall.check("cannot write a temporary file", at: "/tmp") {
                    pwrite(
                        descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done,
                        off_t(done))
                }
            }
        }
    }

    /// The text from the beginning on.
    func text(limit: Int) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
