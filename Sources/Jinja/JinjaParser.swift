import Diagnostics

/// Makes the statements of a template of its tokens.
///
/// Source: jinja2 3.1, parser.py.
struct JinjaParser {
    private let tokens: [JinjaToken]
    private var index = 0
    /// Statements inside each other.
    private var depth = 0
    /// Loops around the statement at hand.
    private var loopDepth = 0
    /// Expressions of the statement at hand that hold others: a bound on how deep they are.
    var expressionCount = 0

    static let maximumDepth = 50
    static let maximumExpressionCount = 400

    init(_ tokens: [JinjaToken]) { self.tokens = tokens }

    static func statements(
        of source: String, _ style: JinjaStyle
    ) throws -> [JinjaStatement] {
        var parser = JinjaParser(try JinjaLexer(source, style).tokens)
        let statements = try parser.statements(until: [])
        try parser.expect(.end)
        return statements
    }

    // MARK: Tokens

    var current: JinjaToken { tokens[index] }
    var following: JinjaToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    mutating func skip(_ kind: JinjaToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func skipName(_ name: String) -> Bool { skip(.name(name)) }
    mutating func skipSymbol(_ symbol: String) -> Bool { skip(.symbol(symbol)) }

    mutating func expect(_ kind: JinjaToken.Kind) throws {
        guard skip(kind) else {
            throw unexpected(JinjaToken(kind: kind, line: 0).description)
        }
    }

    mutating func name() throws -> String {
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        advance()
        return name
    }

    func unexpected(_ expected: String) -> Failure {
        JinjaFailure.syntax(expected, got: current.description, line: current.line)
    }

    // MARK: Statements

    /// Statements up to a block that begins with one of the words, which is passed over.
    mutating func statements(until ends: Set<String>) throws -> [JinjaStatement] {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw JinjaFailure.syntax(
                "at most \(Self.maximumDepth) blocks inside each other", got: "more",
                line: current.line)
        }
        var statements: [JinjaStatement] = []
        while current.kind != .end {
            let line = current.line
            expressionCount = 0
            switch current.kind {
            case .data(let text):
                advance()
                statements.append(JinjaStatement(kind: .data(text), line: line))
            case .variableBegin:
                advance()
                let value = try tupleExpression()
                statements.append(JinjaStatement(kind: .output(value), line: line))
                try expect(.variableEnd)
            case .blockBegin:
                advance()
                if case .name(let word) = current.kind, ends.contains(word) { return statements }
                let kind = try statement()
                if let kind { statements.append(JinjaStatement(kind: kind, line: line)) }
                try expect(.blockEnd)
            default: throw unexpected("text or a block")
            }
        }
        guard ends.isEmpty else {
            throw unexpected("{% \(ends.sorted().joined(separator: " or ")) %}")
        }
        return statements
    }

    /// The body of a block, from the end of its tag to a word, which is the current token then.
    mutating func body(until ends: Set<String>) throws -> [JinjaStatement] {
        _ = skipSymbol(":")
        try expect(.blockEnd)
        return try statements(until: ends)
    }

    /// The body of a block up to its only end.
    mutating func wholeBody(until end: String) throws -> [JinjaStatement] {
        let body = try body(until: [end])
        advance()
        return body
    }

    /// nil for a statement that does nothing.
    private mutating func statement() throws -> JinjaStatement.Kind? {
        let word = try name()
        switch word {
        case "set": return try assignment()
        case "if": return try condition()
        case "for": return try loop()
        case "macro": return .macro(try macro(named: name()))
        case "call": return try callBlock()
        case "filter":
            let filter = try filters(of: nil, isFirst: true)
            return .filterBlock(filter, try wholeBody(until: "endfilter"))
        case "with": return try with()
        case "block": return try block()
        case "generation": return .generation(try wholeBody(until: "endgeneration"))
        case "break" where loopDepth > 0: return .leaveLoop
        case "continue" where loopDepth > 0: return .nextIteration
        default:
            throw JinjaFailure.syntax(
                "set, if, for, macro, call, filter, with, block, generation, break or continue",
                got: "{% \(word) %}", line: current.line)
        }
    }

    private mutating func assignment() throws -> JinjaStatement.Kind {
        let target = try target(hasNamespace: true)
        if skipSymbol("=") { return .assignment(target, try tupleExpression()) }
        let filter = isSymbol("|") ? try filters(of: nil) : nil
        return .blockAssignment(target, filter: filter, try wholeBody(until: "endset"))
    }

    private mutating func condition() throws -> JinjaStatement.Kind {
        var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
        while true {
            let test = try tupleExpression(isConditional: false)
            branches.append((test, try body(until: ["elif", "else", "endif"])))
            if skipName("elif") { continue }
            let otherwise = skipName("else") ? try body(until: ["endif"]) : []
            advance()
            return .condition(branches, otherwise)
        }
    }

    private mutating func loop() throws -> JinjaStatement.Kind {
        let target = try target()
        try expect(.name("in"))
        let sequence = try tupleExpression(isConditional: false, end: "recursive")
        let condition = skipName("if") ? try expression() : nil
        let isRecursive = skipName("recursive")
        loopDepth += 1
        let body = try body(until: ["endfor", "else"])
        loopDepth -= 1
        let otherwise = skipName("else") ? try self.body(until: ["endfor"]) : []
        advance()
        return .loop(
            JinjaLoop(
                target: target, sequence: sequence, condition: condition, isRecursive: isRecursive,
                body: body, otherwise: otherwise))
    }

    private mutating func macro(named name: String) throws -> JinjaMacro {
        let parameters = try parameters()
        return JinjaMacro(
            name: name, parameters: parameters, body: try wholeBody(until: "endmacro"))
    }

    private mutating func parameters() throws
        -> [(name: String, standard: JinjaExpression?)]
    {
        var parameters: [(name: String, standard: JinjaExpression?)] = []
        try expect(.symbol("("))
        while !isSymbol(")") {
            if !parameters.isEmpty { try expect(.symbol(",")) }
            let name = try name()
            let standard = skipSymbol("=") ? try expression() : nil
            if standard == nil, parameters.last?.standard != nil {
                throw unexpected("a default for '\(name)', as the parameter before it has one")
            }
            parameters.append((name, standard))
        }
        advance()
        return parameters
    }

    private mutating func callBlock() throws -> JinjaStatement.Kind {
        let parameters = isSymbol("(") ? try parameters() : []
        let call = try expression()
        guard case .call = call else { throw unexpected("a call of a macro") }
        let body = try wholeBody(until: "endcall")
        return .callBlock(JinjaMacro(name: "caller", parameters: parameters, body: body), call)
    }

    private mutating func with() throws -> JinjaStatement.Kind {
        var values: [(target: JinjaTarget, value: JinjaExpression)] = []
        while current.kind != .blockEnd {
            if !values.isEmpty { try expect(.symbol(",")) }
            let target = try target()
            try expect(.symbol("="))
            values.append((target, try expression()))
        }
        return .with(values, try wholeBody(until: "endwith"))
    }

    private mutating func block() throws -> JinjaStatement.Kind {
        let name = try name()
        _ = skipName("scoped")
        let body = try wholeBody(until: "endblock")
        _ = skipName(name)
        return .block(body)
    }

    // MARK: Targets

    /// Names between commas.
    private mutating func target(hasNamespace: Bool = false) throws -> JinjaTarget {
        var targets: [JinjaTarget] = []
        var isTuple = false
        while true {
            targets.append(try singleTarget(hasNamespace: hasNamespace))
            guard skipSymbol(",") else { break }
            isTuple = true
            if isName("in") || isSymbol("=") || isSymbol(")") { break }
        }
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func singleTarget(hasNamespace: Bool) throws -> JinjaTarget {
        if skipSymbol("(") {
            expressionCount += 1
            guard expressionCount <= Self.maximumDepth else { throw unexpected("fewer brackets") }
            let inner = try target(hasNamespace: hasNamespace)
            try expect(.symbol(")"))
            return inner
        }
        let name = try name()
        let constants = ["true", "false", "none", "True", "False", "None"]
        guard !constants.contains(name) else { throw unexpected("a name to assign to") }
        return hasNamespace && skipSymbol(".") ? .attribute(name, try self.name()) : .name(name)
    }
}
