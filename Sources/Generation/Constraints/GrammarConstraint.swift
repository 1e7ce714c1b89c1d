import Tokenizers

/// A grammar for the tokens of a vocabulary. Texts that follow it share what was found out about it.
package final class TokenGrammar: @unchecked Sendable {
    // Touched by the thread of one engine alone.
    fileprivate let automaton: ByteAutomaton
    fileprivate let tree: TokenTree
    private var allowed: [Int: AllowedTokens] = [:]

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
    fileprivate func tokens(after state: Int) -> AllowedTokens {
        if let tokens = allowed[state] { return tokens }
        var tokens = AllowedTokens()
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
            for id in node.tokens { tokens.append(id, need: automaton.need(next)) }
            states.append(next)
            index += 1
        }
        if allowed.count >= Self.mostKept { allowed = [:] }
        allowed[state] = tokens
        return tokens
    }
}

private struct AllowedTokens {
    private(set) var ids: [Int32] = []
    /// The fewest tokens to the end of a text behind each.
    private var needs: [Int] = []

    mutating func append(_ id: Int32, need: Int) {
        ids.append(id)
        needs.append(need)
    }

    /// Those behind which the text can end within so many tokens.
    func ids(within count: Int) -> [Int32] {
        zip(ids, needs).filter { $0.1 <= count }.map(\.0)
    }
}

/// A text that, where its tokens can be enough for it, also ends within them: what could not end in time any
/// more is ruled out. Each byte that is left counts as a token.
private final class GrammarConstraint: TokenConstraint {
    private let grammar: TokenGrammar
    private var state: Int
    private var left = Int.max

    init(_ grammar: TokenGrammar) {
        self.grammar = grammar
        state = grammar.automaton.start
    }

    func begin(within tokens: Int) { left = tokens }

    private func ends(_ id: Int32) -> Bool { grammar.tree.tokenizer.endOfText.contains(id) }

    /// Whether the text ends in time if its next token sees to it.
    private var isBounded: Bool { grammar.automaton.need(state) <= left }

    func allows(_ id: Int32) -> Bool {
        if ends(id) { return grammar.automaton.isComplete(state) }
        guard let next = next(id), next != ByteAutomaton.dead else { return false }
        return !isBounded || grammar.automaton.need(next) <= left - 1
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

    /// The tokens that may come next, without ends of text.
    private var tokens: [Int32] {
        let tokens = grammar.tokens(after: state)
        guard isBounded else { return tokens.ids }
        let inTime = tokens.ids(within: left - 1)
        // A vocabulary may have no tokens for the bytes of the shortest text.
        return inTime.isEmpty && !grammar.automaton.isComplete(state) ? tokens.ids : inTime
    }

    func ruleOut(_ scores: inout [Float]) {
        var kept: [(Int32, Float)] = tokens.map { ($0, scores[Int($0)]) }
        if grammar.automaton.isComplete(state) {
            for id in grammar.tree.tokenizer.endOfText.ids where scores.indices.contains(Int(id)) {
                kept.append((id, scores[Int(id)]))
            }
        }
        for index in scores.indices { scores[index] = -.infinity }
        for (id, score) in kept { scores[Int(id)] = score }
    }

    func advance(by id: Int32) {
        left -= 1
        guard !ends(id), let next = next(id) else { return }
        state = next
    }

    /// A text is also done where it could go on, but not to an end in time, and has no token to say that it ends.
    var isDone: Bool {
        guard grammar.automaton.isComplete(state) else { return false }
        return grammar.automaton.isFinal(state)
            || grammar.tree.tokenizer.endOfText.ids.isEmpty && tokens.isEmpty
    }
}
