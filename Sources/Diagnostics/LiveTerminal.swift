import Foundation

/// The terminal in front of a person, where a live status can be shown.
package struct LiveTerminal: Sendable {
    package let isColored: Bool
    /// Whether it shows characters beyond ASCII.
    package let isUnicode: Bool
    /// The file that tells the width.
    private let descriptor: Int32

    /// Flags of mpirun that put something before each line.
    private static let taggingFlags = [
        "--tag-output", "-tag-output", "--timestamp-output", "-timestamp-output", "--xterm",
        "-xterm", "--output-filename", "-output-filename", "--output",
    ]

    /// The terminal of standard output; nil for a pipe, a file and a terminal that cannot move its cursor.
    ///
    /// mpirun gives each rank a terminal of its own, without a size: then that of mpirun counts.
    package static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> LiveTerminal? {
        guard let name = environment["TERM"], !name.isEmpty, name != "dumb",
            isatty(STDOUT_FILENO) == 1, !isTagged
        else { return nil }
        if columns(of: STDOUT_FILENO) != nil {
            return LiveTerminal(descriptor: STDOUT_FILENO, environment)
        }
        return parent().map { LiveTerminal(descriptor: $0, environment) }
    }

    private init(descriptor: Int32, _ environment: [String: String]) {
        self.descriptor = descriptor
        isColored = (environment["NO_COLOR"] ?? "").isEmpty
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }
            .first { !$0.isEmpty } ?? ""
        isUnicode = locale.lowercased().contains("utf")
    }

    private static var parentFolder: String { "/proc/\(getppid())" }

    /// Whether the process that started this one puts something before each line.
    private static var isTagged: Bool {
        let path = parentFolder + "/cmdline"
        let arguments = (try? Data(contentsOf: URL(filePath: path))) ?? Data()
        return arguments.split(separator: 0)
            .contains { taggingFlags.contains(String(decoding: $0, as: UTF8.self)) }
    }

    /// The standard output of the process that started this one, where it is a terminal.
    private static func parent() -> Int32? {
        let descriptor = open(parentFolder + "/fd/1", O_WRONLY | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        if isatty(descriptor) == 1, columns(of: descriptor) != nil { return descriptor }
        close(descriptor)
        return nil
    }

    /// The width of a terminal now; nil where it has none.
    private static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The width now: it changes as the window does.
    package var columns: Int { Self.columns(of: descriptor) ?? 80 }
}
