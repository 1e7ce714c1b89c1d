import Diagnostics

/// Classes in brackets: characters, ranges, named sets, classes in classes, and `&&`.
extension ExpressionParser {
    /// Reads a class whose opening bracket has been read, up to its closing one.
    ///
    /// Case is closed over the whole class, not over those in it.
    mutating func characterClass(isNested: Bool = false) throws -> CodePointSet {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw refusal("classes nested too deeply") }
        let isNegated = take("^")
        var set = try classItems(isFirst: true)
        while take("&&") { set = set.intersection(try classItems(isFirst: false)) }
        guard take("]") else { throw refusal("a class without an end") }
        if options.ignoresCase, !isNested || syntax == .rust { set = CaseFolding.closed(set) }
        return isNegated ? set.inverted : set
    }

    private mutating func classItems(isFirst: Bool) throws -> CodePointSet {
        var items: [CodePointSet.Bounds] = []
        var isFirst = isFirst
        while let scalar = peek, !(scalar == "]" && !isFirst), !isNext("&&") {
            isFirst = false
            if take("[") {
                items += try (posixClass() ?? characterClass(isNested: true)).ranges
                try checkNoRange()
                continue
            }
            if scalar == "\\", let set = try classEscape() {
                items += set.ranges
                try checkNoRange()
                continue
            }
            let first = try classCharacter()
            items.append(try range(from: first))
        }
        return CodePointSet(items)
    }

    /// The range that begins with a character, or the character alone.
    private mutating func range(from first: Unicode.Scalar) throws -> CodePointSet.Bounds {
        if syntax == .rust, isNext("--") || isNext("~~") {
            throw refusal("a difference of classes")
        }
        let isRange =
            peek == "-" && offset + 1 < scalars.count && scalars[offset + 1] != "]"
            && !scalars[(offset + 1)...].starts(with: "&&".unicodeScalars)
        guard isRange else { return first.value...first.value }
        offset += 1
        guard peek != "[" else { throw refusal("a range up to a class") }
        if peek == "\\" {
            let start = offset
            offset += 1
            guard try namedSet() == nil else { throw refusal("a range up to a class") }
            offset = start
        }
        let last = try classCharacter()
        guard last.value >= first.value else { throw refusal("an empty range in a class") }
        return first.value...last.value
    }

    /// A set behind a backslash; nil, and nothing read, for a character.
    private mutating func classEscape() throws -> CodePointSet? {
        offset += 1
        if let set = try namedSet() { return set }
        offset -= 1
        return nil
    }

    private mutating func classCharacter() throws -> Unicode.Scalar {
        guard let scalar = peek else { throw refusal("a class without an end") }
        offset += 1
        guard scalar == "\\" else { return scalar }
        if take("b") { return "\u{08}" }
        return try escapedCharacter()
    }

    /// A hyphen behind a set is one only at the end of the class.
    private func checkNoRange() throws {
        guard peek == "-", offset + 1 < scalars.count, scalars[offset + 1] != "]" else { return }
        throw refusal("a range from a class")
    }

    /// `[:space:]` and the like; nil for a class of another kind.
    private mutating func posixClass() throws -> CodePointSet? {
        guard isNext(":") else { return nil }
        let rest = String(String.UnicodeScalarView(scalars[(offset + 1)...].prefix(16)))
        guard let end = rest.range(of: ":]") else { return nil }
        let name = String(rest[..<end.lowerBound])
        offset += name.unicodeScalars.count + 3
        let sets: [String: CodePointSet] = [
            "digit": CodePointSet(categories: [.nd]), "space": .whitespace, "word": .words,
            "xdigit": CodePointSet([0x30...0x39, 0x41...0x46, 0x61...0x66]),
        ]
        let isNegated = name.hasPrefix("^")
        guard syntax == .ruby, let set = sets[isNegated ? String(name.dropFirst()) : name] else {
            throw refusal("the class [:\(name):]")
        }
        return isNegated ? set.inverted : set
    }
}
