import Synchronization

/// An atomic number with cache lines of its own, so that the threads that change it do not disturb those
/// that read what lies beside it.
struct PaddedAtomic: ~Copyable {
    private let before = InlineArray<15, UInt64>(repeating: 0)
    let value: Atomic<UInt64>
    private let after = InlineArray<15, UInt64>(repeating: 0)

    init(_ value: UInt64) {
        self.value = Atomic(value)
    }
}
