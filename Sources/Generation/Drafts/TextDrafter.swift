/// Guesses that a text goes on as it did behind the same tokens before, again and again: often true of code
/// that is changed, of tables and of JSON (Saxena, Prompt Lookup Decoding, 2023).
package final class TextDrafter: TokenDrafter {
    /// The tokens that must have come before; fewer are too often followed by something else.
    private static let matchLength = 3
    /// How far back it looks, which bounds the time of a step.
    private static let mostLooked = 16_384

    package init() {}

    package func drafted(after ids: ArraySlice<Int32>, atMost count: Int) -> [Int32] {
        let length = Self.matchLength
        guard count > 0, ids.count > length else { return [] }
        return ids.suffix(Self.mostLooked).withUnsafeBufferPointer { ids in
            let last = ids.count - length
            for start in stride(from: last - 1, through: 0, by: -1)
            where ids[start] == ids[last] && ids[start + 1] == ids[last + 1]
                && ids[start + 2] == ids[last + 2]
            {
                let repeated = ids[(start + length)...]
                return (0..<count).map { repeated[start + length + $0 % repeated.count] }
            }
            return []
        }
    }
}
