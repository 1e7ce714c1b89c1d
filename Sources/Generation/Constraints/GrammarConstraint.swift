import Tokenizers

/// A grammar for the tokens of a vocabulary. Texts that follow it share what was found out about it.
package final class TokenGrammar: @unchecked Sendable {
    // Touched by the thread of one engine alone.
    fileprivate let automaton: ByteAutomaton
    fileprivate let tree: TokenTree
    private var allowed: [Int: [Int32]] = [:]

    private static let mostKept = 4096

    /// - Parameter rules: the first is the whole text.
    /// - Throws: `Failure` for a grammar that no text follows, and for one that is too large.
    package init(_ rules: [ByteGrammar], _ tree: TokenTree) throws {
        automaton = ByteAutomaton(try ByteProgram(rules))
        self.tree = tree
    }

    /// A text that follows the grammar.
    package func constraint() -> any TokenConstraint { GrammarConstraint(self) }

    /// The tokens that may come in a state.
    fileprivate func tokens(after state: Int) -> [Int32] {
        if let tokens = allowed[state] { return tokens }
        var tokens: [Int32] = []
        var states = [state]
        var index = 0
        while index < tree.nodes.count {
            let node = tree.nodes[index]
            states.removeSubrange((node.depth + 1)...)
            let next = automaton.next(states[node.depth], node.byte)
            if next == ByteAutomaton.dead {
                index = node.end
                continue
            }
            tokens += node.tokens
            states.append(next)
            index += 1
        }
        if allowed.count >= Self.mostKept { allowed = [:] }
        allowed[state] = tokens
        return tokens
    }
}

private final class GrammarConstraint: TokenConstraint {
    private let grammar: TokenGrammar
    private var state: Int

    init(_ grammar: TokenGrammar) {
        self.grammar = grammar
        state = grammar.automaton.start
    }

    private func ends(_ id: Int32) -> Bool { grammar.tree.tokenizer.endOfText.contains(id) }

    func allows(_ id: Int32) -> Bool {
        if ends(id) { return grammar.automaton.isComplete(state) }
        let next = self.next(id)
        return next != ByteAutomaton.dead && next != nil
    }

    /// The state behind a token; nil for one that writes nothing.
    private func next(_ id: Int32) -> Int? {
        let bytes = grammar.tree.bytes[Int(id)]
        guard !bytes.isEmpty else { return nil }
        var state = state
        for byte in bytes where state != ByteAutomaton.dead {
            state = grammar.automaton.next(state, byte)
        }
        return state
    }

    func ruleOut(_ scores: inout [Float]) {
        var kept: [(Int32, Float)] = grammar.tokens(after: state).map { ($0, scores[Int($0)]) }
        if grammar.automaton.isComplete(state) {
            for id in grammar.tree.tokenizer.endOfText.ids where scores.indices.contains(Int(id)) {
                kept.append((id, scores[Int(id)]))
            }
        }
        for index in scores.indices { scores[index] = -.infinity }
        for (id, score) in kept { scores[Int(id)] = score }
    }

    func advance(by id: Int32) {
        guard !ends(id), let next = next(id) else { return }
        state = next
    }

    var isDone: Bool {
        grammar.automaton.isComplete(state) && grammar.automaton.isFinal(state)
    }
}
