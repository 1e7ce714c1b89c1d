import Foundation

extension Thread {
    /// Returns a thread, not yet started, that the system's tools list by name.
    ///
    /// `Thread.name` alone is passed over until `start` has returned, which the thread may outrun.
    ///
    /// - Parameter name: at most 15 bytes.
    package static func named(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) -> Thread {
        Thread {
            nameCurrent(name)
            body()
        }
    }

    private static func nameCurrent(_ name: String) {
        #if os(Linux)
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = write(file, name, name.utf8.count)
            close(file)
        #else
            Thread.current.name = name
        #endif
    }
}
