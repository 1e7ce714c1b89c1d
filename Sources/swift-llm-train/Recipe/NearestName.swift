/// Finds what a mistyped name was meant to be.
package enum NearestName {
    /// Characters; what is longer was meant to be none of the names.
    private static let maximumCount = 100

    /// The name with the smallest edit distance; the first of equals. Nil for a very long name.
    package static func nearest(to name: String, in names: [String]) -> String? {
        guard name.utf8.count <= maximumCount else { return nil }
        return names.min { distance(name, $0) < distance(name, $1) }
    }

    /// The dotted path whose last part is nearest; a path in another block counts two edits more.
    package static func nearestPath(to path: String, in paths: [String]) -> String? {
        guard path.utf8.count <= maximumCount else { return nil }
        let (block, key) = split(path)
        func cost(_ candidate: String) -> Int {
            let (candidateBlock, candidateKey) = split(candidate)
            let blockCost = block == candidateBlock ? 0 : min(2, distance(block, candidateBlock))
            return distance(key, candidateKey) + blockCost
        }
        return paths.min { cost($0) < cost($1) }
    }

    /// The insertions, deletions and substitutions that lead from one text to the other
    /// (Levenshtein, 1966); O(first x second).
    package static func distance(_ first: String, _ second: String) -> Int {
        let second = Array(second)
        var row = Array(0...second.count)
        for (i, character) in first.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in second.enumerated() {
                let substitution = diagonal + (character == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[second.count]
    }

    private static func split(_ path: String) -> (block: String, key: String) {
        guard let dot = path.lastIndex(of: ".") else { return ("", path) }
        return (String(path[..<dot]), String(path[path.index(after: dot)...]))
    }
}
