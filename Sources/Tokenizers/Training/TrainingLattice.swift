import Foundation

/// All ways to write a word with the pieces of a model in training, each of whose characters is a piece.
struct TrainingLattice {
    private struct Edge {
        let start: Int
        let end: Int
        let id: Int32
    }

    private let pieces: UnigramPieces
    /// Those of the word, by ascending starts.
    private var edges: [Edge] = []
    /// The logarithm of the probability of all ways to each place, and of those from there to the end.
    private var forward: [Double] = []
    private var backward: [Double] = []
    /// The edge with which the best way to each place ends, -1 where there is none.
    private var last: [Int] = []

    init(_ pieces: UnigramPieces) {
        self.pieces = pieces
    }

    /// Adds how often each piece is expected in `count` occurrences of a word.
    mutating func addExpectations(
        of word: UnsafeBufferPointer<UInt8>, count: Double, to expected: inout [Double]
    ) {
        fillEdges(of: word)
        forward.removeAll(keepingCapacity: true)
        forward.append(contentsOf: repeatElement(-.infinity, count: word.count + 1))
        backward = forward
        forward[0] = 0
        backward[word.count] = 0
        for edge in edges {
            let score = forward[edge.start] + pieces.scores[Int(edge.id)]
            forward[edge.end] = Self.logSum(forward[edge.end], score)
        }
        for edge in edges.reversed() {
            let score = backward[edge.end] + pieces.scores[Int(edge.id)]
            backward[edge.start] = Self.logSum(backward[edge.start], score)
        }
        let all = forward[word.count]
        for edge in edges {
            let score = forward[edge.start] + pieces.scores[Int(edge.id)] + backward[edge.end]
            expected[Int(edge.id)] += count * exp(score - all)
        }
    }

    /// The pieces of the best way to write a word, from its end.
    ///
    /// - Parameter excluded: A piece that is not taken.
    mutating func best(
        of word: UnsafeBufferPointer<UInt8>, without excluded: Int32? = nil
    ) -> [Int32] {
        fillEdges(of: word)
        forward.removeAll(keepingCapacity: true)
        forward.append(contentsOf: repeatElement(-.infinity, count: word.count + 1))
        forward[0] = 0
        last.removeAll(keepingCapacity: true)
        last.append(contentsOf: repeatElement(-1, count: word.count + 1))
        for (number, edge) in edges.enumerated() where edge.id != excluded {
            let score = forward[edge.start] + pieces.scores[Int(edge.id)]
            guard score > forward[edge.end] else { continue }
            forward[edge.end] = score
            last[edge.end] = number
        }
        var (found, end): ([Int32], Int) = ([], word.count)
        while end > 0, last[end] >= 0 {
            let edge = edges[last[end]]
            found.append(edge.id)
            end = edge.start
        }
        return end == 0 ? found : []
    }

    private mutating func fillEdges(of word: UnsafeBufferPointer<UInt8>) {
        edges.removeAll(keepingCapacity: true)
        for start in word.indices where word[start] & 0xC0 != 0x80 {
            pieces.trie.forEachPrefix(of: word, from: start) { end, id in
                edges.append(Edge(start: start, end: end, id: id))
            }
        }
    }

    /// log(exp(a) + exp(b)).
    private static func logSum(_ a: Double, _ b: Double) -> Double {
        let (more, less) = a > b ? (a, b) : (b, a)
        // The rest is below the precision.
        return less - more < -40 || less == -.infinity ? more : more + log1p(exp(less - more))
    }
}
