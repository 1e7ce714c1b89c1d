import Collectives

/// The clusters of a graph whose edges lie on all ranks.
///
/// Large stars and small stars alternate until every document points to the first of its cluster, which
/// takes a number of rounds that grows as the logarithm of the longest chain. No rank holds a cluster.
/// Source: Kiveris et al. 2014, Connected Components in MapReduce and Beyond.
package struct ConnectedComponents {
    package let shuffle: TripleShuffle

    package init(shuffle: TripleShuffle) { self.shuffle = shuffle }

    /// Collective.
    ///
    /// - Parameter edges: The pairs in both directions, by their first number.
    /// - Returns: each document but the first of its cluster, with that first one; in order.
    package func roots(of edges: TripleSorter) throws -> TripleSorter {
        var edges = edges
        while true {
            let (large, hasGrown) = try largeStar(edges)
            let (small, isChanged) = try smallStar(large)
            let changes = (hasGrown ? 1 : 0) + (isChanged ? 1 : 0)
            guard try shuffle.communicator.agreedMaximum(of: Int64(changes)) != 0 else {
                return small
            }
            edges = try bothWays(small)
        }
    }

    /// Each neighbour of a document that comes after it is tied to the first of all its neighbours.
    private func largeStar(_ edges: TripleSorter) throws -> (TripleSorter, isChanged: Bool) {
        var (isChanged, current, first, last) = (false, UInt64.max, UInt64(0), UInt64.max)
        let result = try shuffle.run("large", owner: shuffle.hashOwner) { triples in
            guard let edge = try edges.pop() else { return false }
            if edge.a != current {
                current = edge.a
                first = min(edge.a, edge.b)
                last = .max
            }
            defer { last = edge.b }
            guard edge.b > edge.a, edge.b != last else { return true }
            if first != edge.a { isChanged = true }
            triples.append(Triple(edge.b, first))
            return true
        }
        return (result, isChanged)
    }

    /// Each document, and each of its earlier neighbours, is tied to the first of these.
    private func smallStar(_ edges: TripleSorter) throws -> (TripleSorter, isChanged: Bool) {
        var (isChanged, current, first, last) = (false, UInt64.max, UInt64(0), UInt64.max)
        let result = try shuffle.run("small", owner: shuffle.hashOwner) { triples in
            guard let edge = try edges.pop() else { return false }
            if edge.a != current {
                (current, first, last) = (edge.a, edge.b, edge.b)
                triples.append(Triple(edge.a, first))
                return true
            }
            guard edge.b != last else { return true }
            last = edge.b
            isChanged = true
            triples.append(Triple(edge.b, first))
            return true
        }
        return (result, isChanged)
    }

    private func bothWays(_ edges: TripleSorter) throws -> TripleSorter {
        try shuffle.run("both", owner: shuffle.hashOwner) { triples in
            guard let edge = try edges.pop() else { return false }
            triples.append(Triple(edge.a, edge.b))
            triples.append(Triple(edge.b, edge.a))
            return true
        }
    }
}
