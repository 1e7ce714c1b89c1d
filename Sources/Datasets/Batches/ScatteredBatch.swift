/// The windows of one rank as far as its host has them, and what it read for the ranks of other hosts.
///
/// Every rank knows the windows of all, and which rank reads what: so nobody asks for anything, and ids
/// travel once.
package struct ScatteredBatch: Sendable {
    /// Tokens for another rank, those of its windows in their order.
    package struct Parcel: Sendable {
        package let peer: Int
        package let tokens: [Int32]
    }

    /// The places in `tokens` that another rank fills.
    package struct Gap: Sendable {
        package let peer: Int
        fileprivate let places: [Range<Int>]
        package var tokenCount: Int { places.reduce(0) { $0 + $1.count } }
    }

    /// The T + 1 tokens of each window, one after the other.
    private let tokens: [Int32]
    package let gaps: [Gap]
    package let parcels: [Parcel]
    private let windowCount: Int
    private let sequenceLength: Int
    private let separator: Int32?

    /// - Parameter windows: those of each rank, of T + 1 tokens each; the same on all ranks.
    package init(
        rank: Int, worldSize: Int, sequenceLength: Int, separator: Int32?,
        windows: (_ rank: Int) -> [TokenWindow]
    ) throws {
        let own = windows(rank)
        (self.sequenceLength, self.separator) = (sequenceLength, separator)
        windowCount = own.count
        (tokens, gaps) = try Self.read(own, rank: rank, windowSize: sequenceLength + 1)
        parcels = try (0..<worldSize).compactMap { peer in
            let tokens = try peer == rank ? [] : Self.tokens(windows(peer), of: peer, from: rank)
            return tokens.isEmpty ? nil : Parcel(peer: peer, tokens: tokens)
        }
    }

    private static func read(
        _ windows: [TokenWindow], rank: Int, windowSize: Int
    ) throws -> ([Int32], [Gap]) {
        var tokens = [Int32](repeating: 0, count: windows.count * windowSize)
        var gaps: [Int: [Range<Int>]] = [:]
        for (number, window) in windows.enumerated() {
            precondition(window.range.count == windowSize, "\(window.range) of \(windowSize)")
            let shift = number * windowSize - window.range.lowerBound
            for part in window.stream.parts(of: window.range, for: rank) {
                let place = part.range.lowerBound + shift..<part.range.upperBound + shift
                guard part.reader == rank else {
                    gaps[part.reader, default: []].append(place)
                    continue
                }
                try tokens.withUnsafeMutableBufferPointer {
                    try window.stream.read(part.range, into: .init(rebasing: $0[place]))
                }
            }
        }
        return (tokens, gaps.sorted { $0.key < $1.key }.map { Gap(peer: $0.key, places: $0.value) })
    }

    private static func tokens(
        _ windows: [TokenWindow], of peer: Int, from rank: Int
    ) throws -> [Int32] {
        var tokens: [Int32] = []
        for window in windows {
            for part in window.stream.parts(of: window.range, for: peer)
            where part.reader == rank {
                tokens += try window.stream.tokens(part.range)
            }
        }
        return tokens
    }

    /// The batch.
    ///
    /// - Parameter received: the tokens of all gaps, one after the other.
    package func filled(with received: [Int32]) -> TokenBatch {
        var tokens = tokens
        var next = 0
        for place in gaps.flatMap(\.places) {
            tokens.replaceSubrange(place, with: received[next..<next + place.count])
            next += place.count
        }
        precondition(next == received.count, "expected \(next) tokens, got \(received.count)")
        let windowSize = sequenceLength + 1
        return TokenBatch(
            windowCount: windowCount, sequenceLength: sequenceLength, separator: separator
        ) { number, window in
            let start = number * windowSize
            _ = window.update(fromContentsOf: tokens[start..<start + windowSize])
        }
    }
}
