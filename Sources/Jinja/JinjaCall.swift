import Diagnostics

/// The arguments of a call, and what its body may use.
struct JinjaCall {
    /// What is called, for errors.
    let name: String
    let positional: [JinjaValue]
    let named: [(name: String, value: JinjaValue)]
    let renderer: JinjaRenderer

    var limits: JinjaLimits { renderer.limits }

    /// The argument at a place or of a name; nil where it is not given.
    func argument(_ index: Int, _ name: String) -> JinjaValue? {
        if index < positional.count { return positional[index] }
        return named.first { $0.name == name }?.value
    }

    func required(_ index: Int, _ name: String) throws -> JinjaValue {
        guard let value = argument(index, name) else {
            throw JinjaFailure.rendering("\(self.name)() misses the argument '\(name)'")
        }
        return value
    }

    func integer(_ index: Int, _ name: String) throws -> Int? {
        guard let value = argument(index, name), !value.isNone else { return nil }
        guard let integer = value.integer else { throw wrong(name, value) }
        return integer
    }

    func string(_ index: Int, _ name: String) throws -> String? {
        guard let value = argument(index, name), !value.isNone else { return nil }
        guard let text = value.string else { throw wrong(name, value) }
        return text
    }

    func isTrue(_ index: Int, _ name: String, default standard: Bool = false) -> Bool {
        argument(index, name)?.isTrue ?? standard
    }

    private func wrong(_ name: String, _ value: JinjaValue) -> Failure {
        JinjaFailure.rendering("\(self.name)() cannot take \(value.typeName) as '\(name)'")
    }

    /// Checks that no argument is given beyond those of these names.
    func allow(_ names: String...) throws {
        guard positional.count <= names.count else {
            throw JinjaFailure.rendering(
                "\(name)() takes at most \(names.count) arguments, got \(positional.count)")
        }
        for argument in named where !names.contains(argument.name) {
            throw JinjaFailure.rendering("\(name)() takes no argument '\(argument.name)'")
        }
    }
}

extension JinjaValue {
    var isNone: Bool {
        if case .none = self { true } else { false }
    }
}
