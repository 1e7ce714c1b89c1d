import Diagnostics

/// Renders the statements of a template once.
final class JinjaRenderer {
    /// Where the execution goes on after a statement.
    enum Flow { case onward, leaveLoop, nextIteration }

    let limits = JinjaLimits()
    private let style: JinjaStyle
    /// The texts being written: that of the template, then those of the blocks and macros inside of it.
    private var texts = [""]
    /// The parts of the template's text that are in `{% generation %}`, as offsets of UTF-8.
    private(set) var generated: [Range<Int>] = []
    private var line = 1

    init(_ style: JinjaStyle) { self.style = style }

    var text: String { texts[0] }

    func filter(named name: String) -> JinjaFilters.Filter? {
        JinjaFilters.all[name] ?? (style == .task ? JinjaFilters.patterns[name] : nil)
    }

    /// The text of a value that is printed.
    private func printed(_ value: JinjaValue) throws -> String {
        if style == .task, case .undefined(let what) = value {
            throw JinjaFailure.rendering(what)
        }
        return value.text
    }

    /// - Throws: `Failure` that names the line.
    func render(_ statements: [JinjaStatement], in scope: JinjaScope) throws {
        do {
            _ = try run(statements, scope)
        } catch var failure as Failure {
            failure.place = failure.place ?? "its line \(line)"
            throw failure
        }
    }

    func run(_ statements: [JinjaStatement], _ scope: JinjaScope) throws -> Flow {
        for statement in statements {
            try limits.step()
            line = statement.line
            let flow = try run(statement.kind, scope)
            if flow != .onward { return flow }
        }
        return .onward
    }

    private func run(_ statement: JinjaStatement.Kind, _ scope: JinjaScope) throws -> Flow {
        switch statement {
        case .data(let text): try write(text)
        case .output(let value): try write(printed(evaluate(value, scope)))
        case .assignment(let target, let value):
            try assign(evaluate(value, scope), to: target, scope)
        case .blockAssignment(let target, let filter, let body):
            let text = JinjaValue.string(try captured(body, JinjaScope(in: scope)))
            try assign(filter.map { try filtered($0, text, scope) } ?? text, to: target, scope)
        case .condition(let branches, let otherwise):
            let branch = try branches.first { try evaluate($0.test, scope).isTrue }
            return try run(branch?.body ?? otherwise, scope)
        case .loop(let loop): return try run(loop, scope)
        case .with(let values, let body):
            let inner = JinjaScope(in: scope)
            for (target, value) in values { try assign(evaluate(value, scope), to: target, inner) }
            return try run(body, inner)
        case .macro(let macro): scope[macro.name] = .function(function(macro, scope))
        case .callBlock(let macro, let call):
            try write(self.call(call, scope, caller: function(macro, scope)).text)
        case .filterBlock(let filter, let body):
            let text = try captured(body, JinjaScope(in: scope))
            try write(filtered(filter, .string(text), scope).text)
        case .block(let body): return try run(body, JinjaScope(in: scope))
        case .generation(let body): try generate(body, JinjaScope(in: scope))
        case .leaveLoop: return .leaveLoop
        case .nextIteration: return .nextIteration
        }
        return .onward
    }

    // MARK: Text

    private func write(_ text: String) throws {
        try limits.make(text.utf8.count)
        texts[texts.count - 1] += text
        guard texts[texts.count - 1].utf8.count <= JinjaLimits.maximumSize else {
            return try limits.make(.max)
        }
    }

    /// What statements write, instead of writing it.
    private func captured(_ body: [JinjaStatement], _ scope: JinjaScope) throws -> String {
        texts.append("")
        let result = Result { try run(body, scope) }
        let text = texts.removeLast()
        _ = try result.get()
        return text
    }

    private func generate(_ body: [JinjaStatement], _ scope: JinjaScope) throws {
        let start = texts[0].utf8.count
        try write(captured(body, scope))
        if texts.count == 1 { generated.append(start..<texts[0].utf8.count) }
    }

    // MARK: Assignment

    private func assign(
        _ value: JinjaValue, to target: JinjaTarget, _ scope: JinjaScope
    ) throws {
        switch target {
        case .name(let name): scope[name] = value
        case .tuple(let targets):
            guard let values = value.elements, values.count == targets.count else {
                throw JinjaFailure.rendering(
                    "expected \(targets.count) values to unpack, got \(value.typeName)")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target, scope) }
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace) = scope[name] else {
                throw JinjaFailure.rendering("cannot assign attribute on non-namespace object")
            }
            namespace.members[.string(attribute)] = value
        }
    }

    // MARK: Loops

    private func run(_ loop: JinjaLoop, _ scope: JinjaScope) throws -> Flow {
        try run(loop, over: evaluate(loop.sequence, scope), scope, depth: 1)
        return .onward
    }

    private func run(
        _ loop: JinjaLoop, over sequence: JinjaValue, _ scope: JinjaScope, depth: Int
    ) throws {
        let values = try elements(of: loop, sequence, scope)
        guard !values.isEmpty else {
            _ = try run(loop.otherwise, JinjaScope(in: scope))
            return
        }
        let recurse = JinjaFunction("loop") { [unowned self] call in
            let text = try captured {
                try self.run(loop, over: call.required(0, "iterable"), scope, depth: depth + 1)
            }
            return .string(text)
        }
        let state = JinjaLoopState(
            values, depth: depth, recurse: loop.isRecursive ? recurse : nil)
        for (index, value) in values.enumerated() {
            try limits.step()
            state.index = index
            let inner = JinjaScope(["loop": .loop(state)], in: scope)
            try assign(value, to: loop.target, inner)
            if try run(loop.body, inner) == .leaveLoop { return }
        }
    }

    private func captured(_ body: () throws -> Void) throws -> String {
        texts.append("")
        let result = Result { try limits.called(body) }
        let text = texts.removeLast()
        try result.get()
        return text
    }

    /// The values that a loop goes through, those alone for which its condition is true.
    private func elements(
        of loop: JinjaLoop, _ sequence: JinjaValue, _ scope: JinjaScope
    ) throws -> [JinjaValue] {
        guard let values = sequence.elements else {
            throw JinjaFailure.rendering("'\(sequence.typeName)' object is not iterable")
        }
        guard let condition = loop.condition else { return values }
        return try values.filter { value in
            try limits.step()
            let inner = JinjaScope(in: scope)
            try assign(value, to: loop.target, inner)
            return try evaluate(condition, inner).isTrue
        }
    }

    // MARK: Macros

    private func function(_ macro: JinjaMacro, _ scope: JinjaScope) -> JinjaFunction {
        JinjaFunction(macro.name) { [unowned self] call in
            let inner = JinjaScope(in: scope)
            for (index, parameter) in macro.parameters.enumerated() {
                let standard = try parameter.standard.map { try evaluate($0, inner) }
                inner[parameter.name] =
                    call.argument(index, parameter.name) ?? standard
                    ?? .undefined("parameter '\(parameter.name)' was not provided")
            }
            let names = macro.parameters.map(\.name)
            let rest = call.named.filter { !names.contains($0.name) }
            inner["varargs"] = .tuple(Array(call.positional.dropFirst(names.count)))
            inner["caller"] = rest.first { $0.name == "caller" }?.value
            inner["kwargs"] = .dictionary(
                JinjaDictionary(rest.filter { $0.name != "caller" }.map { ($0.name, $0.value) }))
            return .string(try captured { _ = try run(macro.body, inner) })
        }
    }
}
