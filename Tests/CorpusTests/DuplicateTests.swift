import Collectives
import Corpus
import TemporaryFolders
import Testing

@Suite struct DuplicateTests {
    /// Numbers that look like chance.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64 = 1
        mutating func next() -> UInt64 {
            state &+= TextHash.base
            return TextHash.mixed(state)
        }
    }

    @Test(arguments: [1 << 20, 48 << 10])
    func sorterGivesAllTriplesInOrder(memory: Int) throws {
        let folder = try TemporaryFolder()
        var chance = Chance()
        let triples = (0..<20_000).map { _ in
            Triple(chance.next() % 100, chance.next() % 10, chance.next())
        }
        let sorter = TripleSorter(directory: folder.path, name: "run", memory: memory)
        try triples.withUnsafeBufferPointer { try sorter.append($0) }
        try sorter.sort()
        #expect((sorter.spilledSize > 0) == (memory < 1 << 20))
        var sorted: [Triple] = []
        while let triple = try sorter.pop() { sorted.append(triple) }
        #expect(sorted == triples.sorted())
    }

    /// The clusters are those of a union-find over the same edges.
    @Test(arguments: [50, 400, 1200])
    func componentsAreThoseOfUnionFind(edgeCount: Int) throws {
        let folder = try TemporaryFolder()
        let shuffle = TripleShuffle(
            communicator: SingleProcess(), directory: folder.path, memory: 1 << 20)
        var chance = Chance(state: UInt64(edgeCount))
        let pairs = (0..<edgeCount).map { _ in (chance.next() % 1000, chance.next() % 1000) }
            .filter { $0.0 != $0.1 }
        var roots = Array(0..<UInt64(1000))
        func root(_ node: UInt64) -> UInt64 {
            var node = node
            while roots[Int(node)] != node { node = roots[Int(node)] }
            return node
        }
        for (left, right) in pairs {
            let (a, b) = (root(left), root(right))
            roots[Int(max(a, b))] = min(a, b)
        }
        var next = pairs[...]
        let edges = try shuffle.run("edges", owner: shuffle.hashOwner) { triples in
            guard let (left, right) = next.popFirst() else { return false }
            triples += [Triple(left, right), Triple(right, left)]
            return true
        }
        let found = try ConnectedComponents(shuffle: shuffle).roots(of: edges)
        var members: [UInt64: UInt64] = [:]
        while let member = try found.pop() { members[member.a] = member.b }
        for node in 0..<UInt64(1000) { #expect(members[node] ?? node == root(node)) }
    }

    @Test func signaturesAgreeAsOftenAsShinglesDo() {
        var options = NearOptions()
        options.enabled = true
        let marker = DocumentMarker(options)
        var chance = Chance()
        var agreeing = 0
        let (rounds, hashes) = (40, options.buckets * options.hashes)
        for _ in 0..<rounds {
            let shared = (0..<400).map { _ in chance.next() }
            let left = marker.signature(of: shared + (0..<50).map { _ in chance.next() })
            let right = marker.signature(of: shared + (0..<50).map { _ in chance.next() })
            agreeing += zip(left, right).count { $0 == $1 }
        }
        let share = Double(agreeing) / Double(rounds * hashes)
        // Three standard deviations of so many hashes of similarity 0.8.
        #expect(abs(share - 0.8) < 3 * (0.16 / Double(rounds * hashes)).squareRoot() * 2)
    }
}
