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
            #if os(Linux)
                pthread_setname_np(pthread_self(), name)
            #else
                Thread.current.name = name
            #endif
            body()
        }
    }
}
