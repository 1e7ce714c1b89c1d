import Diagnostics

/// Reads a regular expression; syntax beyond that of published tokenizers is refused by name.
struct ExpressionParser {
    /// The options that a group sets for what follows in it.
    struct Options: Equatable {
        var ignoresCase = false
        var dotMatchesBreaks = false
        var anchorsMeanLines = false
    }

    static let maximumDepth = 60
    private static let maximumRepeat = 1_000

    let syntax: ExpressionSyntax
    let pattern: String
    let place: String
    let scalars: [Unicode.Scalar]
    var offset = 0
    var options = Options()
    var depth = 0

    init(_ pattern: String, _ syntax: ExpressionSyntax, at place: String) {
        self.pattern = pattern
        self.syntax = syntax
        self.place = place
        scalars = Array(pattern.unicodeScalars)
        options.anchorsMeanLines = syntax == .ruby
    }

    mutating func parse() throws -> ExpressionNode {
        let node = try alternatives()
        guard offset == scalars.count else { throw refusal("a closing parenthesis alone") }
        return node
    }

    var peek: Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

    func isNext(_ text: String) -> Bool {
        scalars[offset...].starts(with: text.unicodeScalars)
    }

    mutating func take(_ text: String) -> Bool {
        guard isNext(text) else { return false }
        offset += text.unicodeScalars.count
        return true
    }

    func refusal(_ what: String) -> Failure {
        ExpressionSyntax.refusal(what, in: pattern, at: place)
    }

    /// Alternatives up to a closing parenthesis or the end.
    mutating func alternatives() throws -> ExpressionNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw refusal("groups nested too deeply") }
        var nodes = [try sequence()]
        while take("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws -> ExpressionNode {
        var nodes: [ExpressionNode] = []
        var last: Unicode.Scalar?
        while let next = peek, next != "|", next != ")" {
            if isOptionChange, syntax == .ruby {
                // The rest of the group, alternatives included, is inside the change.
                let old = options
                try changeOptions()
                nodes.append(try alternatives())
                options = old
                break
            }
            let start = offset
            let node = try repeated(try atom())
            try checkFold(last, from: start)
            last = offset - start == 1 ? scalars[start] : nil
            if node != .empty { nodes.append(node) }
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    /// Oniguruma reads "ss" without case as U+00DF too; no published pattern means that.
    private func checkFold(_ last: Unicode.Scalar?, from start: Int) throws {
        guard syntax == .ruby, options.ignoresCase, let last else { return }
        let pair = String(last).lowercased() + String(scalars[start]).lowercased()
        guard ["ss", "ff", "fi", "fl", "st"].contains(pair) else { return }
        throw refusal("'\(pair)' without case, which means one letter too")
    }

    private mutating func atom() throws -> ExpressionNode {
        guard let scalar = peek else { return .empty }
        switch scalar {
        case "(": return try group()
        case "[":
            offset += 1
            return .set(try characterClass())
        case "\\":
            offset += 1
            return try escape()
        case ".":
            offset += 1
            return .set(options.dotMatchesBreaks ? .all : CodePointSet.lineBreaks.inverted)
        case "^":
            offset += 1
            return .border(options.anchorsMeanLines ? .lineStart : .textStart)
        case "$":
            offset += 1
            return .border(options.anchorsMeanLines ? .lineEnd : .textEnd)
        case "*", "+", "?": throw refusal("a repeat of nothing")
        default:
            offset += 1
            return try literal(scalar)
        }
    }

    func literal(_ scalar: Unicode.Scalar) throws -> ExpressionNode {
        let value = scalar.value
        guard options.ignoresCase else { return .set(CodePointSet([value...value])) }
        if syntax == .ruby {
            if CodePointSet.marks.contains(value) || value == 0x2BC || value == 0x2BE
                || CaseFolding.isExpanded(value)
            {
                throw refusal("'\(scalar)' without case, which may mean several letters")
            }
        }
        return .set(CodePointSet(CaseFolding.variants(of: value).map { $0...$0 }))
    }
}

// MARK: Repeats

extension ExpressionParser {
    private mutating func repeated(_ atom: ExpressionNode) throws -> ExpressionNode {
        var node = atom
        var isInterval = true
        while isInterval, let (minimum, maximum) = try bounds(&isInterval) {
            guard node.isRepeatable else { throw refusal("a repeat of a condition") }
            guard max(minimum, maximum ?? 0) <= Self.maximumRepeat else {
                throw refusal("a repeat of more than \(Self.maximumRepeat) times")
            }
            guard maximum ?? minimum >= minimum else {
                throw refusal("a repeat {n,m} with n > m")
            }
            let isExact = isInterval && minimum == maximum
            node = .repeated(node, minimum: minimum, maximum: maximum, greed(isInterval, isExact))
            if isInterval, isExact, syntax == .ruby, take("?") {
                // In Ruby {n}? is an n-fold that may be missing.
                node = .repeated(node, minimum: 0, maximum: 1, .greedy)
            }
        }
        let start = offset
        var isNext = false
        if node != atom, try bounds(&isNext) != nil { throw refusal("a repeat of a repeat") }
        offset = start
        return node
    }

    private mutating func greed(_ isInterval: Bool, _ isExact: Bool) -> ExpressionNode.Greed {
        if isInterval, syntax == .ruby {
            // {n,m}+ is a repeat of the repeat.
            return !isExact && take("?") ? .lazy : .greedy
        }
        if take("?") { return .lazy }
        return take("+") ? .possessive : .greedy
    }

    /// The next `*`, `+`, `?` or `{n,m}`; nil where none is next.
    private mutating func bounds(_ isInterval: inout Bool) throws -> (Int, Int?)? {
        isInterval = false
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard let interval = interval() else { return nil }
        isInterval = true
        if interval.isOpen, syntax == .rust { throw refusal("a repeat {,m}") }
        return (interval.minimum, interval.maximum)
    }

    /// `{n}`, `{n,}`, `{n,m}` or `{,m}`; what is none of these is text.
    private mutating func interval() -> (minimum: Int, maximum: Int?, isOpen: Bool)? {
        let start = offset
        guard take("{") else { return nil }
        let first = number()
        if take("}"), let first { return (first, first, false) }
        guard take(",") else {
            offset = start
            return nil
        }
        let second = number()
        guard take("}"), first != nil || second != nil else {
            offset = start
            return nil
        }
        return (first ?? 0, second, first == nil)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = peek, ("0"..."9").contains(digit) {
            value = min(1_000_000, (value ?? 0) * 10 + Int(digit.value - 0x30))
            offset += 1
        }
        return value
    }
}
