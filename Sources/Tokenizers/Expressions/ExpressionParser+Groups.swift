import Diagnostics

extension ExpressionParser {
    /// Whether `(?i)` or the like is next, which holds for the rest of the group.
    var isOptionChange: Bool {
        guard isNext("(?") else { return false }
        var index = offset + 2
        while index < scalars.count, "imsx-".unicodeScalars.contains(scalars[index]) { index += 1 }
        return index > offset + 2 && index < scalars.count && scalars[index] == ")"
    }

    /// Reads `(?i)` and sets the options.
    mutating func changeOptions() throws {
        offset += 2
        options = try readOptions()
        guard take(")") else { throw refusal("an option without an end") }
    }

    private mutating func readOptions() throws -> Options {
        var result = options
        var isOn = true
        while let flag = peek, flag != ")", flag != ":" {
            offset += 1
            switch (flag, syntax) {
            case ("-", _): isOn = false
            case ("i", _): result.ignoresCase = isOn
            case ("m", .ruby), ("s", .rust): result.dotMatchesBreaks = isOn
            case ("m", .rust): result.anchorsMeanLines = isOn
            default: throw refusal("the option (?\(flag))")
            }
        }
        return result
    }

    mutating func group() throws -> ExpressionNode {
        if isOptionChange {
            try changeOptions()
            return .empty
        }
        let saved = options
        defer { options = saved }
        let node = try groupContents()
        guard take(")") else { throw refusal("a group without an end") }
        return node
    }

    private mutating func groupContents() throws -> ExpressionNode {
        if take("(?:") { return try alternatives() }
        if take("(?>") { return .atomic(try alternatives()) }
        if take("(?=") { return .look(try alternatives(), isBehind: false, isNegated: false) }
        if take("(?!") { return .look(try alternatives(), isBehind: false, isNegated: true) }
        if take("(?<=") { return try behind(isNegated: false) }
        if take("(?<!") { return try behind(isNegated: true) }
        if take("(?#") { throw refusal("a comment (?#") }
        if take("(?<") || take("(?P<") || take("(?'") { throw refusal("a group with a name") }
        if take("(?") {
            options = try readOptions()
            guard take(":") else { throw refusal("a group (? of another kind") }
            return try alternatives()
        }
        offset += 1
        return try alternatives()
    }

    private mutating func behind(isNegated: Bool) throws -> ExpressionNode {
        let node = try alternatives()
        let parts: [ExpressionNode]
        if case .alternatives(let nodes) = node { parts = nodes } else { parts = [node] }
        guard parts.allSatisfy({ $0.width != nil }) else {
            throw refusal("a look-behind of no fixed width")
        }
        return .look(node, isBehind: true, isNegated: isNegated)
    }
}

// MARK: Escapes

extension ExpressionParser {
    /// What stands behind a backslash, outside a class.
    mutating func escape() throws -> ExpressionNode {
        guard let scalar = peek else { throw refusal("a backslash at the end") }
        let borders: [Unicode.Scalar: ExpressionNode.Border] = [
            "A": .textStart, "z": .textEnd, "b": .word, "B": .notWord,
        ]
        if let border = borders[scalar] {
            offset += 1
            return .border(border)
        }
        if scalar == "Z", syntax == .ruby {
            offset += 1
            return .border(.textEndOrLastBreak)
        }
        if scalar == "R" {
            offset += 1
            let pair = "\r\n".unicodeScalars.map { CodePointSet([$0.value...$0.value]) }
            let breaks = CodePointSet([0x0A...0x0D, 0x85...0x85, 0x2028...0x2029])
            return .atomic(.alternatives([.sequence(pair.map(ExpressionNode.set)), .set(breaks)]))
        }
        if let set = try namedSet() {
            let isClosed = options.ignoresCase && syntax == .rust
            return .set(isClosed ? CaseFolding.closed(set) : set)
        }
        return try literal(try escapedCharacter())
    }

    /// `\d`, `\p{L}` and the like; nil for an escaped character.
    mutating func namedSet() throws -> CodePointSet? {
        guard let scalar = peek else { return nil }
        let sets: [Unicode.Scalar: () -> CodePointSet] = [
            "d": { CodePointSet(categories: [.nd]) }, "w": { [syntax] in syntax.words },
            "s": { .whitespace },
            "h": { CodePointSet([0x30...0x39, 0x41...0x46, 0x61...0x66]) },
        ]
        let lower = Unicode.Scalar(scalar.value | 0x20) ?? scalar
        if let set = sets[lower] {
            offset += 1
            return lower == scalar ? set() : set().inverted
        }
        guard lower == "p" else { return nil }
        offset += 1
        return try property(isNegated: scalar == "P")
    }

    private mutating func property(isNegated: Bool) throws -> CodePointSet {
        var name = ""
        var isNegated = isNegated
        if take("{") {
            if take("^") { isNegated.toggle() }
            while let scalar = peek, scalar != "}" {
                name.unicodeScalars.append(scalar)
                offset += 1
            }
            guard take("}") else { throw refusal("\\p{ without an end") }
        } else {
            guard syntax == .rust, let scalar = peek else { throw refusal("\\p without {") }
            name.unicodeScalars.append(scalar)
            offset += 1
        }
        guard let set = CodePointSet.named(name) else { throw refusal("the class \\p{\(name)}") }
        return isNegated ? set.inverted : set
    }

    /// The character that stands behind a backslash.
    mutating func escapedCharacter() throws -> Unicode.Scalar {
        guard let scalar = peek else { throw refusal("a backslash at the end") }
        offset += 1
        let known: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "r": "\r", "t": "\t", "f": "\u{0C}", "v": "\u{0B}", "a": "\u{07}",
            "e": "\u{1B}",
        ]
        if let character = known[scalar] { return character }
        if scalar == "x" { return try hexadecimal(2) }
        if scalar == "u" { return try hexadecimal(4) }
        let isWord = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        guard !isWord else { throw refusal("\\\(scalar)") }
        return scalar
    }

    private mutating func hexadecimal(_ count: Int) throws -> Unicode.Scalar {
        var digits = ""
        if take("{") {
            while let scalar = peek, scalar != "}" {
                digits.unicodeScalars.append(scalar)
                offset += 1
            }
            guard take("}") else { throw refusal("a code point cut short") }
        } else {
            while digits.count < count, let scalar = peek, scalar.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(scalar)
                offset += 1
            }
            guard digits.count == count else { throw refusal("a code point cut short") }
        }
        guard digits.count <= 8, let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw refusal("the code point {\(digits.prefix(12))}") }
        return scalar
    }
}
