import Synchronization

/// Hashes that several threads find, each those of other blocks.
final class HashList: Sendable {
    private let hashes: Mutex<[String]>

    init(count: Int) { hashes = Mutex(Array(repeating: "", count: count)) }

    subscript(index: Int) -> String {
        get { hashes.withLock { $0[index] } }
        set { hashes.withLock { $0[index] = newValue } }
    }

    var all: [String] { hashes.withLock { $0 } }
}
