import Diagnostics

/// The values of expressions.
extension JinjaRenderer {
    func evaluate(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        try limits.step()
        return try limits.nested { try value(of: expression, scope) }
    }

    private func value(
        of expression: JinjaExpression, _ scope: JinjaScope
    ) throws -> JinjaValue {
        switch expression {
        case .constant(let value): return JinjaValue(value)
        case .name(let name):
            return scope[name] ?? JinjaGlobals.function(name)
                ?? .undefined("'\(name)' is undefined")
        case .list(let values):
            return try limits.made(.list(values.map { try evaluate($0, scope) }))
        case .tuple(let values):
            return try limits.made(.tuple(values.map { try evaluate($0, scope) }))
        case .dictionary(let members): return try dictionary(members, scope)
        case .attribute(let object, let name):
            return try evaluate(object, scope).attribute(name, limits)
        case .item(let object, let index):
            return try evaluate(object, scope).item(evaluate(index, scope), limits)
        case .slice(let object, let parts):
            let bounds = try parts.map { try $0.map { try evaluate($0, scope) } ?? .none }
            return try limits.made(evaluate(object, scope).slice(bounds))
        case .call: return try call(expression, scope)
        case .filter: return try filtered(expression, nil, scope)
        case .test(let value, let name, let arguments):
            return .boolean(try test(evaluate(value, scope), name, arguments, scope))
        case .conditional(let test, let then, let otherwise):
            if try evaluate(test, scope).isTrue { return try evaluate(then, scope) }
            return try otherwise.map { try evaluate($0, scope) }
                ?? .undefined("the inline if-expression was false and had no else")
        default: return try operation(expression, scope)
        }
    }

    private func operation(
        _ expression: JinjaExpression, _ scope: JinjaScope
    ) throws -> JinjaValue {
        switch expression {
        case .not(let value): return .boolean(try !evaluate(value, scope).isTrue)
        case .negative(let value): return try evaluate(value, scope).negated()
        case .positive(let value): return try evaluate(value, scope).asNumber()
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .comparison(let left, let parts):
            return .boolean(try compare(evaluate(left, scope), parts, scope))
        case .arithmetic(let symbol, let left, let right):
            let (a, b) = try (evaluate(left, scope), evaluate(right, scope))
            return try limits.made(JinjaArithmetic(limits: limits).value(symbol, a, b))
        case .joined(let parts):
            let texts = try parts.map { try evaluate($0, scope).text }
            return try limits.made(.string(texts.joined()))
        default: preconditionFailure("no operation: \(expression)")
        }
    }

    private func dictionary(
        _ members: [(key: JinjaExpression, value: JinjaExpression)], _ scope: JinjaScope
    ) throws -> JinjaValue {
        var dictionary = JinjaDictionary()
        for (key, value) in members {
            try limits.step(1 + dictionary.members.count / 8)
            dictionary[try evaluate(key, scope)] = try evaluate(value, scope)
        }
        return try limits.made(.dictionary(dictionary))
    }

    private func compare(
        _ left: JinjaValue, _ parts: [(symbol: String, right: JinjaExpression)],
        _ scope: JinjaScope
    ) throws -> Bool {
        var left = left
        for part in parts {
            let right = try evaluate(part.right, scope)
            guard try left.compares(part.symbol, right, limits) else { return false }
            left = right
        }
        return true
    }

    // MARK: Calls

    /// - Precondition: the expression is a call.
    func call(
        _ expression: JinjaExpression, _ scope: JinjaScope, caller: JinjaFunction? = nil
    ) throws -> JinjaValue {
        guard case .call(let callee, let list) = expression else {
            preconditionFailure("no call: \(expression)")
        }
        let value = try evaluate(callee, scope)
        var function: JinjaFunction
        switch value {
        case .function(let called): function = called
        case .loop(let loop):
            guard let recurse = loop.recurse else {
                throw JinjaFailure.rendering("the loop must have the 'recursive' marker")
            }
            function = recurse
        case .undefined(let what): throw JinjaFailure.rendering(what)
        default: throw JinjaFailure.rendering("'\(value.typeName)' object is not callable")
        }
        var call = try arguments(list, of: function.name, scope)
        if let caller {
            call = JinjaCall(
                name: call.name, positional: call.positional,
                named: call.named + [("caller", .function(caller))], renderer: self)
        }
        return try limits.made(function.body(call))
    }

    func arguments(
        _ list: JinjaArgumentList, of name: String, _ scope: JinjaScope
    ) throws -> JinjaCall {
        var positional = try list.positional.map { try evaluate($0, scope) }
        var named = try list.named.map { (name: $0.name, value: try evaluate($0.value, scope)) }
        if let spread = try list.spread.map({ try evaluate($0, scope) }) {
            guard let values = spread.elements else {
                throw JinjaFailure.rendering("argument after * must be an iterable")
            }
            positional += values
        }
        if let spread = try list.namedSpread.map({ try evaluate($0, scope) }) {
            guard case .dictionary(let members) = spread else {
                throw JinjaFailure.rendering("argument after ** must be a mapping")
            }
            named += members.members.map { ($0.key.text, $0.value) }
        }
        return JinjaCall(name: name, positional: positional, named: named, renderer: self)
    }

    /// The value of a filter, which begins a chain with a value where it has none of its own.
    func filtered(
        _ expression: JinjaExpression, _ start: JinjaValue?, _ scope: JinjaScope
    ) throws -> JinjaValue {
        guard case .filter(let source, let name, let list) = expression else {
            return try evaluate(expression, scope)
        }
        try limits.step()
        let value: JinjaValue
        if let source {
            value = try limits.nested { try filtered(source, start, scope) }
        } else {
            value = start ?? .none
        }
        return try apply(filter: name, to: value, arguments(list, of: name, scope))
    }

    /// - Throws: `Failure` for a filter that there is not.
    func apply(
        filter name: String, to value: JinjaValue, _ call: JinjaCall
    ) throws -> JinjaValue {
        guard let filter = self.filter(named: name) else {
            throw JinjaFailure.rendering("no filter named '\(name)'")
        }
        if let text = value.string {
            try limits.make(text.utf8.count)
        } else {
            try limits.weight(of: value)
        }
        return try limits.made(filter(value, call))
    }

    private func test(
        _ value: JinjaValue, _ name: String, _ list: JinjaArgumentList, _ scope: JinjaScope
    ) throws -> Bool {
        try holds(name, of: value, arguments(list, of: name, scope))
    }

    /// - Throws: `Failure` for a test that there is not.
    func holds(_ name: String, of value: JinjaValue, _ call: JinjaCall) throws -> Bool {
        try limits.step()
        guard let test = JinjaTests.all[name] else {
            throw JinjaFailure.rendering("no test named '\(name)'")
        }
        return try test(value, call)
    }
}
