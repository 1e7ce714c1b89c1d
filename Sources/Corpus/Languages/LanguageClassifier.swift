import Diagnostics
import Glibc

/// A classifier of fastText, such as lid.176.ftz, which knows 176 languages.
package struct LanguageClassifier {
    private let dictionary: FastTextDictionary
    private let options: FastTextOptions
    private let input: FastTextMatrix
    private let output: FastTextMatrix
    /// The nodes behind the leaves of the tree of labels: each with its two children.
    private let tree: [(left: Int, right: Int)]

    /// The names of the labels.
    package var labels: [String] { dictionary.labels.map(\.name) }

    package init(path: String) throws {
        var reader = try FastTextReader(path: path)
        options = try FastTextOptions(&reader)
        guard options.isSupervised, options.wordRun <= 1 else {
            throw reader.failure(
                expected: "a classifier of single words", got: "another kind of model")
        }
        dictionary = try FastTextDictionary(&reader, options)
        let isQuantized = try reader.flag()
        input = try FastTextMatrix(&reader, isQuantized: isQuantized)
        let isOutputQuantized = try reader.flag()
        output = try FastTextMatrix(&reader, isQuantized: isQuantized && isOutputQuantized)
        guard input.columnCount == options.dimension, output.columnCount == options.dimension,
            output.rowCount >= dictionary.labels.count - (options.loss == .hierarchical ? 1 : 0),
            !dictionary.labels.isEmpty
        else {
            throw reader.failure(expected: "tables of \(options.dimension) columns", got: "others")
        }
        tree = options.loss == .hierarchical ? Self.tree(dictionary.labels.map(\.count)) : []
    }

    /// The most likely label and its probability; nil for a text of which the model knows no part.
    package func predict(_ text: [UInt8]) -> (label: String, probability: Double)? {
        let rows = text.withUnsafeBufferPointer { dictionary.rows(of: $0) }
        guard !rows.isEmpty else { return nil }
        let rowCount = input.rowCount
        var hidden = [Float](repeating: 0, count: options.dimension)
        for row in rows where (0..<rowCount).contains(row) { input.add(row, to: &hidden) }
        let scale = 1 / Float(rows.count)
        for index in hidden.indices { hidden[index] *= scale }
        let best = options.loss == .hierarchical ? bestLeaf(hidden) : bestRow(hidden)
        return (dictionary.labels[best.index].name, min(1, best.probability))
    }

    private typealias Best = (index: Int, probability: Double)

    private func bestRow(_ hidden: [Float]) -> Best {
        let scores = dictionary.labels.indices.map { output.product($0, hidden) }
        let index = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
        guard options.loss == .softmax else {
            return (index, 1 / (1 + exp(-Double(scores[index]))))
        }
        let sum = scores.reduce(0) { $0 + exp(Double($1 - scores[index])) }
        return (index, 1 / sum)
    }

    // MARK: The tree of labels

    /// The tree that gives frequent labels short ways. Source: Mikolov et al. 2013.
    private static func tree(_ counts: [Int]) -> [(left: Int, right: Int)] {
        let leaves = counts.count
        var sums = counts + Array(repeating: Int(1e15), count: max(0, leaves - 1))
        var children: [(left: Int, right: Int)] = []
        var (leaf, node) = (leaves - 1, leaves)
        for index in leaves..<max(leaves, 2 * leaves - 1) {
            var chosen: [Int] = []
            for _ in 0..<2 {
                if leaf >= 0, sums[leaf] < sums[node] {
                    chosen.append(leaf)
                    leaf -= 1
                } else {
                    chosen.append(node)
                    node += 1
                }
            }
            sums[index] = sums[chosen[0]] &+ sums[chosen[1]]
            children.append((chosen[0], chosen[1]))
        }
        return children
    }

    private func bestLeaf(_ hidden: [Float]) -> Best {
        let leaves = dictionary.labels.count
        guard leaves > 1 else { return (0, 1) }
        var best: (index: Int, score: Double) = (0, -.infinity)
        var open: [(node: Int, score: Double)] = [(2 * leaves - 2, 0)]
        while let (node, score) = open.popLast() {
            guard score >= best.score else { continue }
            if node < leaves {
                best = (node, score)
                continue
            }
            let share = 1 / (1 + exp(-Double(output.product(node - leaves, hidden))))
            let (left, right) = tree[node - leaves]
            open.append((right, score + log(share + 1e-5)))
            open.append((left, score + log(1 - share + 1e-5)))
        }
        return (best.index, exp(best.score))
    }
}
