import Synchronization

/// Whether events are recorded.
final class TraceGate: Sendable {
    private let state = Atomic<Bool>(false)

    var isOpen: Bool { state.load(ordering: .relaxed) }

    func set(_ isOpen: Bool) { state.store(isOpen, ordering: .relaxed) }
}

/// The events of all threads of a rank, from `open` to `close`.
package final class RankTrace: Sendable {
    /// The thread that trains.
    package let training: TraceTrack
    /// The thread that reads batches ahead.
    package let reader: TraceTrack
    /// The thread that writes checkpoints.
    package let checkpoints: TraceTrack
    /// The other threads that compute.
    package let pool: [TraceTrack]
    private let gate: TraceGate

    /// Events of the training thread, which makes some hundred a step and micro-batch, and of others:
    /// 24 bytes each, of which memory that is not used is never touched.
    private static let (mostEvents, mostOthers) = (1 << 18, 1 << 16)
    /// Rows are numbered in a byte.
    private static let mostThreads = 200

    /// - Parameter threadCount: threads that compute, the training one among them.
    package init(threadCount: Int) {
        let gate = TraceGate()
        self.gate = gate
        training = TraceTrack(row: 0, capacity: Self.mostEvents, gate: gate)
        reader = TraceTrack(row: 1, capacity: Self.mostOthers, gate: gate)
        checkpoints = TraceTrack(row: 2, capacity: Self.mostOthers, gate: gate)
        pool = (1..<max(1, min(threadCount, Self.mostThreads))).map {
            TraceTrack(row: 2 + $0, capacity: Self.mostOthers, gate: gate)
        }
    }

    /// The name of a row.
    package static func title(ofRow row: Int) -> String {
        switch row {
        case 0: "training"
        case 1: "data"
        case 2: "checkpoints"
        default: "compute \(row - 2)"
        }
    }

    package var rowCount: Int { 3 + pool.count }

    /// Begins to record; all that was recorded goes on to count.
    package func open() { gate.set(true) }

    package func close() { gate.set(false) }

    private var tracks: [TraceTrack] { [training, reader, checkpoints] + pool }

    package var events: [TraceEvent] { tracks.flatMap(\.all) }

    /// Events for which there was no room.
    package var lostCount: Int { tracks.reduce(0) { $0 + $1.lostCount } }
}
