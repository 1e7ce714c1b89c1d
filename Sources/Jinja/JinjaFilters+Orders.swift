import Diagnostics

/// Filters that compare values with each other.
extension JinjaFilters {
    static let orders: [String: Filter] = [
        "sort": { value, call in
            try call.allow("reverse", "case_sensitive", "attribute")
            let keyed = try keyed(
                elements(value), call, path: call.argument(2, "attribute"),
                isCaseSensitive: call.isTrue(1, "case_sensitive"))
            return .list(try sorted(keyed, call, isReversed: call.isTrue(0, "reverse")))
        },
        "dictsort": { try sortedMembers($0, $1) },
        "unique": { value, call in
            try call.allow("case_sensitive", "attribute")
            let keyed = try keyed(
                elements(value), call, path: call.argument(1, "attribute"),
                isCaseSensitive: call.isTrue(0, "case_sensitive"))
            var seen: [JinjaValue] = []
            return .list(
                try keyed.filter { key, _ in
                    let weight = try call.limits.weight(of: key)
                    try call.limits.step(1 + seen.count / 8 * (1 + weight / 256))
                    guard !seen.contains(where: { $0.equals(key) }) else { return false }
                    seen.append(key)
                    return true
                }.map(\.value))
        },
        "min": { try extreme($0, $1, isLargest: false) },
        "max": { try extreme($0, $1, isLargest: true) },
        "groupby": { value, call in
            try call.allow("attribute", "default", "case_sensitive")
            let keyed = try keyed(
                elements(value), call, path: call.required(0, "attribute"),
                isCaseSensitive: call.isTrue(2, "case_sensitive"))
            return .list(try groups(keyed, call))
        },
    ]

    private typealias Keyed = (key: JinjaValue, value: JinjaValue)

    /// The values with what they are compared by.
    private static func keyed(
        _ values: [JinjaValue], _ call: JinjaCall, path: JinjaValue?, isCaseSensitive: Bool
    ) throws -> [Keyed] {
        try values.map { value in
            var key = value
            if let path, !path.isNone { key = try attribute(path, of: value, call) }
            if case .string(let text) = key, !isCaseSensitive {
                key = .string(JinjaString(text).lowercased)
            }
            return (key, value)
        }
    }

    private static func sorted(
        _ keyed: [Keyed], _ call: JinjaCall, isReversed: Bool
    ) throws -> [JinjaValue] {
        try call.limits.step(keyed.count)
        // Equals keep their order, in reverse too.
        let order = try keyed.enumerated().sorted { a, b in
            try call.limits.step()
            let (x, y) = isReversed ? (b, a) : (a, b)
            if try isLess(x.element.key, y.element.key, call) { return true }
            if try isLess(y.element.key, x.element.key, call) { return false }
            return a.offset < b.offset
        }
        return order.map(\.element.value)
    }

    private static func isLess(
        _ a: JinjaValue, _ b: JinjaValue, _ call: JinjaCall
    ) throws -> Bool {
        if a.isContainer { try call.limits.weight(of: a) }
        guard let result = a.precedes(b) else {
            throw JinjaFailure.rendering(
                "'<' not supported between '\(a.typeName)' and '\(b.typeName)'")
        }
        return result
    }

    private static func sortedMembers(_ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        try call.allow("case_sensitive", "by", "reverse")
        guard case .dictionary(let dictionary) = value else {
            throw JinjaFailure.rendering("dictsort() takes a mapping")
        }
        let place = try call.string(1, "by") == "value" ? 1 : 0
        let pairs = dictionary.members.map { JinjaValue.tuple([$0.key, $0.value]) }
        let keyed = try keyed(
            pairs, call, path: .integer(place), isCaseSensitive: call.isTrue(0, "case_sensitive"))
        return .list(try sorted(keyed, call, isReversed: call.isTrue(2, "reverse")))
    }

    private static func extreme(
        _ value: JinjaValue, _ call: JinjaCall, isLargest: Bool
    ) throws -> JinjaValue {
        try call.allow("case_sensitive", "attribute")
        let keyed = try keyed(
            elements(value), call, path: call.argument(1, "attribute"),
            isCaseSensitive: call.isTrue(0, "case_sensitive"))
        guard var best = keyed.first else {
            return .undefined("No aggregated item, sequence was empty.")
        }
        for next in keyed.dropFirst() {
            try call.limits.step()
            let isBetter =
                try isLargest ? isLess(best.key, next.key, call) : isLess(next.key, best.key, call)
            if isBetter { best = next }
        }
        return best.value
    }

    private static func groups(_ keyed: [Keyed], _ call: JinjaCall) throws -> [JinjaValue] {
        let pairs = keyed.map { (key: $0.key, value: JinjaValue.tuple([$0.key, $0.value])) }
        var groups: [(key: JinjaValue, values: [JinjaValue])] = []
        for pair in try sorted(pairs, call, isReversed: false) {
            guard case .tuple(let parts) = pair else { continue }
            if let last = groups.last, last.key.equals(parts[0]) {
                groups[groups.count - 1].values.append(parts[1])
            } else {
                groups.append((parts[0], [parts[1]]))
            }
        }
        return groups.map { .tuple([$0.key, .list($0.values)]) }
    }
}
