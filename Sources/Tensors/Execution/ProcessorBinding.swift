import Foundation

/// The processors that the threads of a rank may run on.
package enum ProcessorBinding {
    package static var onlineCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Processors that this process may use now.
    package static var allowedCount: Int {
        #if os(Linux)
            var set = cpu_set_t()
            let size = MemoryLayout<cpu_set_t>.size
            guard sched_getaffinity(0, size, &set) == 0 else { return onlineCount }
            return withUnsafeBytes(of: set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
        #else
            return onlineCount
        #endif
    }

    /// Lets this process, and the threads that it starts from now on, use `processors`.
    ///
    /// Launchers bind a rank to one processor by default, where several threads would take turns.
    package static func bind(to processors: Range<Int>) {
        #if os(Linux)
            var set = cpu_set_t()
            withUnsafeMutableBytes(of: &set) { bytes in
                for processor in processors where processor / 8 < bytes.count {
                    bytes[processor / 8] |= 1 << (processor % 8)
                }
            }
            sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &set)
        #endif
    }
}
