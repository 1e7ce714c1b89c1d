/// When two names of one object are the same, which is an error.
package enum JSONNames: Sendable {
    /// When Swift's `String` calls them equal, so that an object can become a `Dictionary`.
    case strings
    /// When their bytes are equal, so that every vocabulary can be read.
    case bytes
}

/// The names that an object has had so far.
struct JSONNamesSeen {
    private let names: JSONNames
    private var strings: Set<String> = []
    private var bytes: Set<[UInt8]> = []

    init(_ names: JSONNames) {
        self.names = names
    }

    /// False for a name that it holds already.
    mutating func insert(_ name: [UInt8]) -> Bool {
        switch names {
        case .strings: strings.insert(String(decoding: name, as: UTF8.self)).inserted
        case .bytes: bytes.insert(name).inserted
        }
    }
}
