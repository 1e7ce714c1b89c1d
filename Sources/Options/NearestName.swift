/// Finds what a mistyped name was meant to be.
package enum NearestName {
    /// Characters; what is longer was meant to be none of the names.
    private static let maximumCount = 100

    /// The name with the smallest edit distance; the first of equals. Nil where none is so near that it
    /// can have been meant.
    package static func nearest(to name: String, in names: [String]) -> String? {
        guard name.utf8.count <= maximumCount else { return nil }
        let nearest = names.min { distance(name, $0) < distance(name, $1) }
        return nearest.flatMap { isNear(name, $0) ? $0 : nil }
    }

    /// The dotted path whose last part is nearest; a path in another block counts two edits more, or half
    /// an edit where no block was named. Nil where none is near.
    package static func nearestPath(to path: String, in paths: [String]) -> String? {
        guard path.utf8.count <= maximumCount else { return nil }
        let (block, key) = split(path)
        func cost(_ candidate: String) -> Int {
            let (candidateBlock, candidateKey) = split(candidate)
            let blockCost =
                block.isEmpty ? 1 : 2 * min(2, distance(block, candidateBlock))
            return 2 * distance(key, candidateKey) + (block == candidateBlock ? 0 : blockCost)
        }
        let nearest = paths.min { cost($0) < cost($1) }
        return nearest.flatMap { isNear(key, split($0).key) ? $0 : nil }
    }

    /// Whether one name is the other with few slips of the hand: one in a short word, then one in
    /// four characters.
    private static func isNear(_ name: String, _ other: String) -> Bool {
        4 * distance(name, other) <= max(4, name.count + 1, other.count + 1)
    }

    /// The insertions, deletions, substitutions and swaps of neighbours that lead from one text to the
    /// other (Damerau, 1964; no part is edited twice); O(first x second).
    package static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first), Array(second))
        var rows = [Array(0...second.count)]
        for (i, character) in first.enumerated() {
            let above = rows[i]
            var row = [i + 1]
            for (j, other) in second.enumerated() {
                var least = min(
                    above[j] + (character == other ? 0 : 1), row[j] + 1, above[j + 1] + 1)
                if i > 0, j > 0, character == second[j - 1], first[i - 1] == other {
                    least = min(least, rows[i - 1][j - 1] + 1)
                }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[first.count][second.count]
    }

    private static func split(_ path: String) -> (block: String, key: String) {
        guard let dot = path.lastIndex(of: ".") else { return ("", path) }
        return (String(path[..<dot]), String(path[path.index(after: dot)...]))
    }
}
