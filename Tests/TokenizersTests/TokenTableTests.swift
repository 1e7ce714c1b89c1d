import Testing
import Tokenizers

/// Tokens by their bytes, against a dictionary.
@Suite struct TokenTableTests {
    /// Random words of few letters, so that many are parts of others; each has the id of its last place.
    private static func words(_ count: Int) -> [[UInt8]] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in
            (0..<Int.random(in: 0...7, using: &random)).map { _ in
                [0, 1, 0x61, 0xC3, 0xA9].randomElement(using: &random) ?? 0
            }
        }
    }

    @Test(arguments: [0, 1, 30, 3_000])
    func findsWhatADictionaryFinds(count: Int) {
        let words = Self.words(count)
        let table = TokenTable(words)
        var ids: [[UInt8]: Int32] = [:]
        for (id, word) in words.enumerated() where !word.isEmpty { ids[word] = Int32(id) }
        let others = Self.words(2_000)
        for word in words + others {
            #expect(table[word] == ids[word])
            #expect(table[word[...]] == ids[word])
        }
        for (left, right) in zip(words + others, others) where !left.isEmpty && !right.isEmpty {
            #expect(table.joined(left, right) == ids[left + right])
        }
    }

    /// Of tokens in the table and of longer ones.
    @Test func findsAllPairsThatMakeAToken() {
        let words = Self.words(400)
        let table = TokenTable(words)
        var ids: [[UInt8]: Int32] = [:]
        for (id, word) in words.enumerated() where !word.isEmpty { ids[word] = Int32(id) }
        for token in words + zip(words, words.reversed()).map({ $0 + $1 }) {
            for isText in [true, false] {
                func cuts(_ byte: UInt8) -> Bool { !isText || byte & 0xC0 != 0x80 }
                var pairs: [TokenTable.Pair] = []
                for cut in token.indices.dropFirst() where cuts(token[cut]) {
                    if let left = ids[Array(token[..<cut])], let right = ids[Array(token[cut...])] {
                        pairs.append(.init(left: left, right: right, cut: cut))
                    }
                }
                pairs.sort { ($0.left, $0.right) < ($1.left, $1.right) }
                #expect(table.pairs(making: token, cuts: cuts) == pairs)
            }
        }
    }

    @Test func theLastIdOfATokenCounts() {
        var table = TokenTable()
        for id in 0..<100 { table.insert([1, 2, UInt8(id % 10)], Int32(id)) }
        #expect((0..<10).map { table[[1, 2, $0]] } == (90..<100).map(Int32.init))
        #expect(table[[1, 2]] == nil)
    }
}
