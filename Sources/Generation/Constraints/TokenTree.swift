import Tokenizers

/// The tokens of a vocabulary by their bytes, as a tree.
package final class TokenTree: Sendable {
    struct Node {
        var byte: UInt8
        /// Tokens that end here.
        var tokens: [Int32] = []
        /// The node behind this one and all below it.
        var end = 0
        var depth = 0
    }

    /// A node comes before those below it.
    let nodes: [Node]
    let bytes: [[UInt8]]
    let tokenizer: any Tokenizer

    package init(_ tokenizer: any Tokenizer) {
        self.tokenizer = tokenizer
        let ids = (0..<Int32(tokenizer.vocabularySize)).filter {
            !tokenizer.endOfText.contains($0) && $0 != tokenizer.beginningOfTextID
        }
        var bytes = [[UInt8]](repeating: [], count: tokenizer.vocabularySize)
        for id in ids { bytes[Int(id)] = (try? tokenizer.bytes(of: [id])) ?? [] }
        let sorted = ids.filter { !bytes[Int($0)].isEmpty }.sorted {
            bytes[Int($0)].lexicographicallyPrecedes(bytes[Int($1)])
        }
        (nodes, self.bytes) = (Self.nodes(sorted, bytes), bytes)
    }

    private static func nodes(_ sorted: [Int32], _ bytes: [[UInt8]]) -> [Node] {
        var nodes: [Node] = []
        /// The nodes on the way to the last token.
        var path: [Int] = []
        var last: [UInt8] = []
        for id in sorted {
            let own = bytes[Int(id)]
            let shared = zip(own, last).prefix { $0 == $1 }.count
            for node in path[shared...] { nodes[node].end = nodes.count }
            path.removeSubrange(shared...)
            for byte in own[shared...] {
                path.append(nodes.count)
                nodes.append(Node(byte: byte, depth: path.count - 1))
            }
            nodes[path[path.count - 1]].tokens.append(id)
            last = own
        }
        for node in path { nodes[node].end = nodes.count }
        return nodes
    }
}
