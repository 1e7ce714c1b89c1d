import Diagnostics

/// Filters that select values, and that make others of each.
extension JinjaFilters {
    static let selections: [String: Filter] = [
        "map": { try mapped($0, $1) },
        "select": { try selected($0, $1, hasAttribute: false, wanted: true) },
        "reject": { try selected($0, $1, hasAttribute: false, wanted: false) },
        "selectattr": { try selected($0, $1, hasAttribute: true, wanted: true) },
        "rejectattr": { try selected($0, $1, hasAttribute: true, wanted: false) },
    ]

    private static func mapped(_ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        let values = try elements(value)
        if call.positional.isEmpty {
            guard let path = call.argument(0, "attribute") else {
                throw JinjaFailure.rendering("map requires a filter argument")
            }
            let standard = call.named.first { $0.name == "default" }?.value
            return .list(
                try values.map { try attribute(path, of: $0, call, default: standard) })
        }
        let name = try call.required(0, "filter").text
        let inner = rest(of: call, named: name, from: 1)
        return .list(
            try values.map { value in
                try call.limits.step()
                return try call.renderer.apply(filter: name, to: value, inner)
            })
    }

    private static func rest(of call: JinjaCall, named name: String, from start: Int) -> JinjaCall {
        JinjaCall(
            name: name, positional: Array(call.positional.dropFirst(start)), named: call.named,
            renderer: call.renderer)
    }

    /// - Parameter hasAttribute: whether the first argument names the attribute that is tested.
    private static func selected(
        _ value: JinjaValue, _ call: JinjaCall, hasAttribute: Bool, wanted: Bool
    ) throws -> JinjaValue {
        let path = hasAttribute ? try call.required(0, "attribute") : nil
        let index = hasAttribute ? 1 : 0
        let test = call.argument(index, "test")?.text
        let inner = rest(of: call, named: test ?? "", from: index + 1)
        return .list(
            try elements(value).filter { element in
                try call.limits.step()
                let tested = try path.map { try attribute($0, of: element, call) } ?? element
                let holds = try test.map { try call.renderer.holds($0, of: tested, inner) }
                return (holds ?? tested.isTrue) == wanted
            })
    }
}
