import Signals
import SystemPackage

/// Ties a command to this process: the command is sent TERM when this process is gone, however it died.
///
/// The command watches a pipe whose other end only this process holds, and which the kernel closes. (Its
/// signal at the death of a parent, PR_SET_PDEATHSIG, follows the thread that made the child.)
struct Tether {
    /// The end of the pipe that is to be the standard input of the command, which itself reads
    /// nothing.
    let reader: FileDescriptor
    private let writer: FileDescriptor

    /// The arguments of `sh` before the command and its own. It becomes the command, in the same
    /// process, and leaves a child behind that waits for the end of the pipe.
    static var script: [String] {
        let watch = "exec 3<&0 </dev/null; (read -r _ <&3; kill -TERM $$) & exec \"$@\" 3<&-"
        return ["-c", "trap '' \(ignored); \(watch)", "sh"]
    }

    /// The signals that the command ignores at first: USR1, until the command gives it a meaning,
    /// and those that this process itself was started to ignore. All children begin with the
    /// system's defaults.
    private static var ignored: String {
        Set(SignalTaker.ignoredNames + ["SIGUSR1"]).map { String($0.dropFirst(3)) }.sorted()
            .joined(separator: " ")
    }

    init() throws {
        (reader, writer) = try FileDescriptor.pipe(options: [.closeOnExec])
    }

    /// Lets go of the command; to be called when it has ended.
    func release() { try? writer.close() }
}
