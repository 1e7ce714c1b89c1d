import CKernels
import Foundation

/// The processors that the threads of a rank may run on.
package enum ProcessorBinding {
    package static var onlineCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Processors that this process may use now.
    package static var allowedCount: Int {
        let count = kernel_allowed_processors()
        return count > 0 ? count : onlineCount
    }

    /// Lets this process, and the threads that it starts from now on, use `processors`; returns
    /// whether the system agreed.
    ///
    /// Launchers bind a rank to one processor by default, where several threads would take turns.
    @discardableResult
    package static func bind(to processors: Range<Int>) -> Bool {
        kernel_bind_processors(processors.lowerBound, processors.count) == 0
    }
}
