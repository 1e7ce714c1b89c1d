/// Passes text on up to the first stop text, wherever tokens cut it: what may become a stop text is
/// held back until the next characters decide.
///
/// The stop text that is complete first ends the text; of several that end at the same place, the longest.
package struct StopTextFilter {
    private let stops: [[UInt8]]
    /// Bytes that may be the beginning of a stop text.
    private var held: [UInt8] = []
    package private(set) var hasStopped = false

    /// - Precondition: no stop text is empty.
    package init(_ stops: [String]) {
        precondition(!stops.contains(""), "an empty stop text would end every text")
        self.stops = stops.map { Array($0.utf8) }.sorted { $0.count > $1.count }
    }

    /// Appends text, and returns the part of the text so far that certainly comes before a stop
    /// text.
    package mutating func append(_ text: String) -> String {
        var passed: [UInt8] = []
        for byte in text.utf8 where !hasStopped {
            held.append(byte)
            if let stop = stops.first(where: { held.reversed().starts(with: $0.reversed()) }) {
                hasStopped = true
                held.removeLast(stop.count)
                passed += held
                held = []
            } else {
                let undecided = undecidedCount
                passed += held.dropLast(undecided)
                held.removeFirst(held.count - undecided)
            }
        }
        return String(decoding: passed, as: UTF8.self)
    }

    /// Returns the text that was held back, when no more text comes.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// The number of last bytes that a stop text begins with. They begin with a whole character, as
    /// every stop text does.
    private var undecidedCount: Int {
        let longest = max(0, (stops.first?.count ?? 0) - 1)
        return stride(from: min(held.count, longest), to: 0, by: -1).first { count in
            let end = held.suffix(count)
            return stops.contains { $0.count > count && $0.starts(with: end) }
        } ?? 0
    }
}
