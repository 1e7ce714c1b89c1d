import Tensors

/// A token whose vector is near that of another one.
package struct NearToken: Equatable, Sendable {
    package let id: Int32
    /// Of the angle between the two vectors: 1 for the same direction, 0 for a right angle.
    package let cosine: Float
}

extension LanguageModel {
    /// The tokens whose vectors in the embedding point most nearly the same way as those of some others,
    /// without these themselves; the nearest first, of equal ones the lowest id.
    ///
    /// - Parameters:
    ///   - count: how many for each.
    ///   - vocabularySize: rows of the table that are tokens; those behind are padding.
    /// - Precondition: the embedding is not quantised, and each id is below `vocabularySize`.
    package func neighbours(
        of ids: [Int32], count: Int, vocabularySize: Int
    ) -> [[NearToken]] {
        precondition(!tokenEmbedding.isQuantized, "expected an embedding of floats")
        let tape = Tape(device: device)
        let table = tape.parameter(tokenEmbedding, of: parameters)
        let rows = tape.embedding(device.tensor(ids, shape: [1, ids.count]), table: table)
        let products = tape.linear(rows, transposedWeight: table, as: Float.self).value
        let lengths = rowLengths(vocabularySize)
        return ids.enumerated().map { place, id in
            let start = place * products.columnCount
            var nearest: [NearToken] = []
            for other in 0..<vocabularySize where other != Int(id) {
                let length = lengths[other] * lengths[Int(id)]
                guard length > 0 else { continue }
                let token = NearToken(
                    id: Int32(other), cosine: products.pointer[start + other] / length)
                let isNearer = token.cosine > nearest.last?.cosine ?? -2
                guard token.cosine.isFinite, isNearer || nearest.count < count else { continue }
                let index = nearest.firstIndex { $0.cosine < token.cosine } ?? nearest.count
                nearest.insert(token, at: index)
                if nearest.count > count { nearest.removeLast() }
            }
            return nearest
        }
    }

    /// The Euclidean lengths of the first rows of the embedding.
    private func rowLengths(_ count: Int) -> [Float] {
        let width = configuration.embeddingSize
        let values = parameters.values.buffer[tokenEmbedding.range]
        return (0..<count).map { row in
            let start = values.startIndex + row * width
            return values[start..<start + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
    }
}
