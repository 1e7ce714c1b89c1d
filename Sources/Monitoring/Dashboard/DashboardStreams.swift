import Synchronization

/// The places of pages that are told of news.
final class DashboardStreams: Sendable {
    private let most: Int
    private let count = Mutex(0)

    /// - Parameter most: how many pages there may be at a time.
    init(most: Int) {
        self.most = most
    }

    /// A place that is the caller's from now on; nil where all are taken.
    func place() -> Place? {
        let isFree = count.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
        return isFree ? Place(self) : nil
    }

    private func giveBack() { count.withLock { $0 -= 1 } }

    /// The place of one page, free again once it is given back or nobody holds it, as where its stream never
    /// starts.
    final class Place: Sendable {
        private let streams: DashboardStreams
        private let isTaken = Atomic(true)

        fileprivate init(_ streams: DashboardStreams) {
            self.streams = streams
        }

        deinit { giveBack() }

        func giveBack() {
            guard isTaken.exchange(false, ordering: .relaxed) else { return }
            streams.giveBack()
        }
    }
}
