/// Expressions, from the weakest operator to the strongest.
extension JinjaParser {
    /// One expression, or several between commas, which are a tuple.
    ///
    /// - Parameters:
    ///   - isConditional: whether `a if b else c` may stand there.
    ///   - end: a word before which a comma may stand.
    mutating func tupleExpression(
        isConditional: Bool = true, end: String? = nil, isInBrackets: Bool = false
    ) throws -> JinjaExpression {
        var values: [JinjaExpression] = []
        var isTuple = false
        while true {
            if !values.isEmpty { try expect(.symbol(",")) }
            if isTupleEnd(end) { break }
            values.append(try isConditional ? expression() : disjunction())
            guard isSymbol(",") else { break }
            isTuple = true
        }
        if !isTuple, let value = values.first { return value }
        guard isTuple || isInBrackets else { throw unexpected("an expression") }
        return .tuple(values)
    }

    private func isTupleEnd(_ end: String?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"): true
        case .name(let name): name == end
        default: false
        }
    }

    /// Counts one more expression around others.
    private mutating func nest(_ expression: JinjaExpression) throws -> JinjaExpression {
        expressionCount += 1
        guard expressionCount <= Self.maximumExpressionCount else {
            throw JinjaFailure.syntax(
                "at most \(Self.maximumExpressionCount) operations in an expression", got: "more",
                line: current.line)
        }
        return expression
    }

    mutating func expression() throws -> JinjaExpression {
        var value = try disjunction()
        while skipName("if") {
            let test = try disjunction()
            let otherwise = skipName("else") ? try expression() : nil
            value = try nest(.conditional(test, then: value, otherwise: otherwise))
        }
        return value
    }

    mutating func disjunction() throws -> JinjaExpression {
        var left = try conjunction()
        while skipName("or") { left = try nest(.or(left, conjunction())) }
        return left
    }

    private mutating func conjunction() throws -> JinjaExpression {
        var left = try negation()
        while skipName("and") { left = try nest(.and(left, negation())) }
        return left
    }

    private mutating func negation() throws -> JinjaExpression {
        guard skipName("not") else { return try comparison() }
        // Counted before what it holds, as all that recurs.
        _ = try nest(.constant(.none))
        return .not(try negation())
    }

    private mutating func comparison() throws -> JinjaExpression {
        let left = try sum()
        var parts: [(symbol: String, right: JinjaExpression)] = []
        while let symbol = comparisonSymbol() { parts.append((symbol, try sum())) }
        return parts.isEmpty ? left : try nest(.comparison(left, parts))
    }

    private mutating func comparisonSymbol() -> String? {
        if case .symbol(let symbol) = current.kind,
            ["==", "!=", "<", "<=", ">", ">="].contains(symbol)
        {
            advance()
            return symbol
        }
        if skipName("in") { return "in" }
        guard isName("not"), following.kind == .name("in") else { return nil }
        advance()
        advance()
        return "not in"
    }

    private mutating func sum() throws -> JinjaExpression {
        var left = try concatenation()
        while let symbol = arithmeticSymbol(["+", "-"]) {
            left = try nest(.arithmetic(symbol, left, concatenation()))
        }
        return left
    }

    private mutating func concatenation() throws -> JinjaExpression {
        var parts = [try product()]
        while skipSymbol("~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try nest(.joined(parts))
    }

    private mutating func product() throws -> JinjaExpression {
        var left = try power()
        while let symbol = arithmeticSymbol(["*", "/", "//", "%"]) {
            left = try nest(.arithmetic(symbol, left, power()))
        }
        return left
    }

    private mutating func power() throws -> JinjaExpression {
        var left = try unary()
        while let symbol = arithmeticSymbol(["**"]) {
            left = try nest(.arithmetic(symbol, left, unary()))
        }
        return left
    }

    private mutating func arithmeticSymbol(_ symbols: [String]) -> String? {
        guard case .symbol(let symbol) = current.kind, symbols.contains(symbol) else { return nil }
        advance()
        return symbol
    }

    private mutating func unary(hasFilters: Bool = true) throws -> JinjaExpression {
        _ = try nest(.constant(.none))
        var value: JinjaExpression
        if skipSymbol("-") {
            value = .negative(try unary(hasFilters: false))
        } else if skipSymbol("+") {
            value = .positive(try unary(hasFilters: false))
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return hasFilters ? try filtersAndTests(value) : value
    }

    /// What may stand behind the name of a test without brackets.
    mutating func unaryTestArgument() throws -> JinjaExpression { try postfix(primary()) }

    private mutating func primary() throws -> JinjaExpression {
        let kind = current.kind
        switch kind {
        case .name(let name):
            advance()
            return Self.constant(name).map { .constant($0) } ?? .name(name)
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return .constant(.string(text))
        case .integer(let value):
            advance()
            return .constant(.integer(value))
        case .float(let value):
            advance()
            return .constant(.float(value))
        case .symbol("("):
            advance()
            let value = try tupleExpression(isInBrackets: true)
            try expect(.symbol(")"))
            return value
        case .symbol("["): return .list(try list())
        case .symbol("{"): return .dictionary(try dictionary())
        default: throw unexpected("an expression")
        }
    }

    private static func constant(_ name: String) -> JinjaConstant? {
        switch name {
        case "true", "True": .boolean(true)
        case "false", "False": .boolean(false)
        case "none", "None": JinjaConstant.none
        default: nil
        }
    }

    private mutating func list() throws -> [JinjaExpression] {
        advance()
        var values: [JinjaExpression] = []
        while !isSymbol("]") {
            if !values.isEmpty { try expect(.symbol(",")) }
            if isSymbol("]") { break }
            values.append(try expression())
        }
        advance()
        return values
    }

    private mutating func dictionary() throws
        -> [(key: JinjaExpression, value: JinjaExpression)]
    {
        advance()
        var members: [(key: JinjaExpression, value: JinjaExpression)] = []
        while !isSymbol("}") {
            if !members.isEmpty { try expect(.symbol(",")) }
            if isSymbol("}") { break }
            let key = try expression()
            try expect(.symbol(":"))
            members.append((key, try expression()))
        }
        advance()
        return members
    }
}
