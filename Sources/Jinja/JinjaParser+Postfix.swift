/// What stands behind an expression: attributes, items, calls, filters and tests.
extension JinjaParser {
    private mutating func counted(_ expression: JinjaExpression) throws -> JinjaExpression {
        expressionCount += 1
        guard expressionCount <= Self.maximumExpressionCount else {
            throw unexpected("fewer operations in an expression")
        }
        return expression
    }

    mutating func postfix(_ value: JinjaExpression) throws -> JinjaExpression {
        var value = value
        while true {
            if skipSymbol(".") {
                value = try counted(dotted(value))
            } else if skipSymbol("[") {
                value = try counted(item(value))
            } else if isSymbol("(") {
                value = try counted(.call(value, arguments()))
            } else {
                return value
            }
        }
    }

    mutating func filtersAndTests(_ value: JinjaExpression) throws -> JinjaExpression {
        var value = value
        while true {
            if isSymbol("|") {
                value = try filters(of: value)
            } else if skipName("is") {
                value = try counted(test(value))
            } else if isSymbol("(") {
                value = try counted(.call(value, arguments()))
            } else {
                return value
            }
        }
    }

    private mutating func dotted(_ value: JinjaExpression) throws -> JinjaExpression {
        if case .integer(let index) = current.kind {
            advance()
            return .item(value, .constant(.integer(index)))
        }
        return .attribute(value, try name())
    }

    private mutating func item(_ value: JinjaExpression) throws -> JinjaExpression {
        var parts: [JinjaExpression?] = [nil]
        var isSlice = false
        while !isSymbol("]") {
            if skipSymbol(":") {
                isSlice = true
                parts.append(nil)
                guard parts.count <= 3 else { throw unexpected("at most two colons") }
            } else {
                guard parts[parts.count - 1] == nil else { throw unexpected("']'") }
                parts[parts.count - 1] = try expression()
            }
        }
        advance()
        if isSlice { return .slice(value, parts) }
        guard let index = parts[0] else { throw unexpected("an index") }
        return .item(value, index)
    }

    /// Filters one after the other.
    ///
    /// - Parameter isFirst: whether the first name stands without a stroke.
    mutating func filters(of value: JinjaExpression?, isFirst: Bool = false) throws
        -> JinjaExpression
    {
        var value = value
        var isFirst = isFirst
        while isFirst || skipSymbol("|") {
            isFirst = false
            let name = try name()
            let arguments = isSymbol("(") ? try arguments() : JinjaArgumentList()
            value = try counted(.filter(value, name, arguments))
        }
        guard let value else { throw unexpected("a filter") }
        return value
    }

    private mutating func test(_ value: JinjaExpression) throws -> JinjaExpression {
        let isNegated = skipName("not")
        let name = try name()
        var arguments = JinjaArgumentList()
        if isSymbol("(") {
            arguments = try self.arguments()
        } else if isTestArgument {
            let argument = try unaryTestArgument()
            arguments.positional = [argument]
        }
        let test = JinjaExpression.test(value, name, arguments)
        return isNegated ? .not(test) : test
    }

    private var isTestArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and", "is", "if", "in", "not"].contains(name)
        case .string, .integer, .float, .symbol("["), .symbol("{"): true
        default: false
        }
    }

    mutating func arguments() throws -> JinjaArgumentList {
        try expect(.symbol("("))
        var list = JinjaArgumentList()
        var isFirst = true
        while !isSymbol(")") {
            if !isFirst { try expect(.symbol(",")) }
            isFirst = false
            if isSymbol(")") { break }
            try argument(&list)
        }
        advance()
        return list
    }

    private mutating func argument(_ list: inout JinjaArgumentList) throws {
        if skipSymbol("*") {
            guard list.spread == nil else { throw unexpected("one argument with '*'") }
            list.spread = try expression()
        } else if skipSymbol("**") {
            guard list.namedSpread == nil else { throw unexpected("one argument with '**'") }
            list.namedSpread = try expression()
        } else if case .name(let name) = current.kind, following.kind == .symbol("=") {
            advance()
            advance()
            list.named.append((name, try expression()))
        } else {
            guard list.named.isEmpty else { throw unexpected("arguments without names first") }
            list.positional.append(try expression())
        }
    }
}
