import CMPI

/// Counters in memory that the ranks of a host share, by which they announce what lies there.
///
/// Each channel has one counter, which grows by the number of those who speak whenever all ranks of
/// the host have gone through it once.
final class HostSignals {
    /// The memory that the ranks of the host share; nil where the rank has its host for itself.
    private let memory: SharedMemory?

    /// - Parameter channelCount: channels are numbers below it.
    init(memory: SharedMemory?, channelCount: Int) {
        precondition(
            memory == nil || channelCount <= SharedMemory.counterCount,
            "expected at most \(SharedMemory.counterCount) channels, got \(channelCount)")
        self.memory = memory
    }

    /// Notifies the ranks of the host, where this one speaks, that what it has written can be read, and
    /// waits, where it listens, for all who speak.
    ///
    /// All ranks of the host call it, as often on each channel.
    ///
    /// - Parameter speakerCount: the ranks of the host that speak; the same for all of them.
    func tell(
        isSpeaking: Bool, isListening: Bool, to speakerCount: Int, on channel: Int
    ) -> PendingExchange {
        guard let memory else { return PendingExchange() }
        let counter = memory.counters + channel
        memory.awaited[channel] &+= UInt32(speakerCount)
        if isSpeaking { cmpi_counter_raise(counter) }
        guard isListening else { return PendingExchange() }
        return PendingExchange(
            awaiting: RaisedCounter(counter: counter, value: memory.awaited[channel]))
    }
}

/// A counter of a host that has come to a value.
private final class RaisedCounter: AwaitedEvent {
    private let counter: UnsafePointer<UInt32>
    private let value: UInt32

    init(counter: UnsafeMutablePointer<UInt32>, value: UInt32) {
        (self.counter, self.value) = (UnsafePointer(counter), value)
    }

    /// Counters go round after four billion.
    var hasCome: Bool { Int32(bitPattern: cmpi_counter_value(counter) &- value) >= 0 }

    func drive() {}
}
