import Signals
import SystemPackage

/// Ties a command to this process: the command is sent TERM when this process is gone, however it died.
///
/// The command watches a pipe whose other end only this process holds, and which the kernel closes. (Its
/// signal at the death of a parent, PR_SET_PDEATHSIG, follows the thread that made the child.)
struct Tether {
    /// To be the standard input of the command, which itself reads nothing.
    let reader: FileDescriptor
    private let writer: FileDescriptor

    /// What `sh` needs before the command and its arguments. It becomes the command, in the same process,
    /// and leaves a child behind that waits for the end of the pipe.
    static let script = [
        "-c", "\(ignoring)exec 3<&0 </dev/null; (read -r _ <&3; kill -TERM $$) & exec \"$@\" 3<&-",
        "sh",
    ]

    /// What this process was started to ignore the command ignores too: all children begin with the
    /// system's defaults.
    private static var ignoring: String {
        let names = SignalTaker.ignoredNames
        return names.isEmpty ? "" : "trap '' \(names.joined(separator: " ")); "
    }

    init() throws {
        (reader, writer) = try FileDescriptor.pipe(options: [.closeOnExec])
    }

    /// To be called when the command has ended.
    func release() { try? writer.close() }
}
