import Machine
import Web

extension WebLimits {
    /// For a server beside other work, which needs files too: no more connections than half of the files
    /// that the process may open.
    package static var besideWork: WebLimits {
        var limits = WebLimits()
        let files = ProcessLimits.current.openFiles ?? .max
        limits.connections = max(8, min(limits.connections, files / 2))
        return limits
    }
}
