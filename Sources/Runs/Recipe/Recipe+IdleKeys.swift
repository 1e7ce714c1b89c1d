import Diagnostics
import Options

extension Recipe {
    /// Why a key has no effect.
    private enum Idleness: Equatable {
        /// No phase obeys it.
        case phase
        /// Another key, of this value, switches it off.
        case condition(key: String, expectation: String, value: String)
        /// The key is one of a block's that nothing obeys.
        case always(reason: String)

        func text(_ key: RecipeKey) -> String {
            switch self {
            case .phase:
                let names = (key.phases ?? []).map(\.rawValue).sorted()
                return "no phase " + names.joined(separator: " or ")
            case .condition(let key, _, let value):
                return "\(key) is \(value)"
            case .always(let reason):
                return reason
            }
        }
    }

    /// Throws a usage `Failure` for the first override that has no effect in the phases that run.
    func refuseIdle(_ overrides: [Entry], in running: Set<Phase>) throws {
        let recipes = try alternatives()
        for entry in overrides {
            guard let key = Self.keys.first(where: { $0.path == entry.path }),
                !key.read(self).isOff,
                let reason = Self.idleness(of: key, in: recipes, running)
            else { continue }
            throw Self.failure(key, reason, at: entry.place, running)
        }
    }

    /// Lines that name the keys of a file that have no effect, by their reasons.
    ///
    /// - Parameter paths: Of the keys of the file.
    func idleKeys(of paths: [String], in phases: Set<Phase>) throws -> [String] {
        let (recipes, standard, paths) = (try alternatives(), Recipe(), Set(paths))
        var reasons: [(text: String, keys: [String])] = []
        for key in Self.keys where paths.contains(key.path) && key.read(self) != key.read(standard)
        {
            guard let reason = Self.idleness(of: key, in: recipes, phases) else { continue }
            let text = reason.text(key)
            if let index = reasons.firstIndex(where: { $0.text == text }) {
                reasons[index].keys.append(key.path)
            } else {
                reasons.append((text, [key.path]))
            }
        }
        return reasons.map { reason in
            "the recipe's \(reason.keys.joined(separator: ", ")) "
                + "\(reason.keys.count == 1 ? "has" : "have") no effect: \(reason.text)"
        }
    }

    /// The recipes of all adapters; a key that one of them obeys has an effect.
    private func alternatives() throws -> [Recipe] {
        finetune.variants.isEmpty ? [self] : try finetune.variants.map { try variant($0).recipe }
    }

    /// The reason why a key has no effect; nil where it has one in one of the recipes.
    private static func idleness(
        of key: RecipeKey, in recipes: [Recipe], _ running: Set<Phase>
    ) -> Idleness? {
        let phases = recipes.compactMap { key.phases(in: $0) }
        if !phases.isEmpty, phases.allSatisfy({ $0.isDisjoint(with: running) }) { return .phase }
        if let reason = key.role.idleness { return .always(reason: reason) }
        let reasons = recipes.map { recipe in
            key.role.conditions.lazy.compactMap { condition -> Idleness? in
                guard let unmet = recipe.unmet(condition), !recipe.meets(condition) else {
                    return nil
                }
                return .condition(
                    key: condition.key, expectation: condition.expectation, value: "\(unmet)")
            }.first
        }
        return reasons.contains(nil) ? nil : reasons.first ?? nil
    }

    /// Whether the condition, or one of its alternatives, holds.
    func meets(_ condition: OptionCondition) -> Bool {
        unmet(condition) == nil || condition.alternatives.contains { unmet($0) == nil }
    }

    /// The value of the condition's key where that does not meet it.
    private func unmet(_ condition: OptionCondition) -> OptionValue? {
        let key = Self.keys.first { $0.path == condition.key }
        return key.map { $0.read(self) }.flatMap { condition.isMet($0) ? nil : $0 }
    }

    private static func failure(
        _ key: RecipeKey, _ reason: Idleness, at place: String, _ running: Set<Phase>
    ) -> Failure {
        switch reason {
        case .condition(let other, let expectation, let value):
            return Failure(
                FailureText("\(key: key.path) has no effect"),
                expected: "\(other) to be \(expectation)", got: value,
                at: place, remedy: "leave it out, or change \(other)", kind: .usage)
        case .always(let reason):
            return Failure(
                FailureText("\(key: key.path) has no effect"), expected: "no value", at: place,
                remedy: "leave it out: \(reason)", kind: .usage)
        case .phase:
            let names = (key.phases ?? []).map(\.rawValue).sorted().joined(separator: " or ")
            return Failure(
                FailureText("\(key: key.path) has no effect"), expected: "the phase \(names)",
                got: running.map(\.rawValue).sorted().joined(separator: ", "), at: place,
                remedy: namesake(of: key, in: running).map { "did you mean \($0)?" }
                    ?? "leave it out", kind: .usage)
        }
    }

    /// The key that means the same thing to the phases that run.
    private static func namesake(of key: RecipeKey, in running: Set<Phase>) -> String? {
        let isSource = key.block == "init" || key.block == "data"
        let paths = [
            "finetune.\(key.path)", isSource ? "finetune.\(key.key)" : "",
            key.path == "finetune.from" ? "init.from" : key.path.replacing("finetune.", with: ""),
        ]
        return paths.first { path in
            keys.contains { $0.path == path && $0.phases?.isDisjoint(with: running) == false }
        }
    }
}
