import Diagnostics

/// The filters, by name.
enum JinjaFilters {
    typealias Filter = @Sendable (JinjaValue, JinjaCall) throws -> JinjaValue

    static let all: [String: Filter] =
        texts.merging(numbers) { $1 }.merging(sequences) { $1 }.merging(selections) { $1 }
        .merging(orders) { $1 }

    /// The values of an iterable.
    static func elements(_ value: JinjaValue) throws -> [JinjaValue] {
        guard let values = value.elements else {
            throw JinjaFailure.rendering("'\(value.typeName)' object is not iterable")
        }
        return values
    }

    /// The attribute that a filter's argument names: `a`, `a.b`, `a.0`, or an index.
    ///
    /// - Parameter standard: what stands for one that is not there, on each step.
    static func attribute(
        _ path: JinjaValue, of value: JinjaValue, _ call: JinjaCall,
        default standard: JinjaValue? = nil
    ) throws -> JinjaValue {
        if case .integer = path { return try value.item(path, call.limits) }
        var found = value
        for part in JinjaString(path.text).split(".") {
            try call.limits.step()
            let index = Int(part).map { JinjaValue.integer($0) } ?? .string(part)
            found = try found.item(index, call.limits)
            if found.isUndefined, let standard { found = standard }
        }
        return found
    }

    // MARK: Sequences

    private static let sequences: [String: Filter] = [
        "default": { try defaulted($0, $1) }, "d": { try defaulted($0, $1) },
        "length": { value, _ in try length(value) }, "count": { value, _ in try length(value) },
        "first": { value, call in
            try call.allow()
            return try elements(value).first ?? .undefined("No first item, sequence was empty.")
        },
        "last": { value, call in
            try call.allow()
            return try elements(value).last ?? .undefined("No last item, sequence was empty.")
        },
        "list": { value, _ in .list(try elements(value)) },
        "items": { value, _ in
            switch value {
            case .dictionary(let dictionary):
                return .list(dictionary.members.map { .tuple([$0.key, $0.value]) })
            case .undefined: return .list([])
            default: throw JinjaFailure.rendering("Can only get item pairs from a mapping.")
            }
        },
        "join": { try joined($0, $1) },
        "reverse": { value, _ in
            if case .string(let text) = value {
                return .string(JinjaString(JinjaString(text).scalars.reversed()).text)
            }
            return .list(try elements(value).reversed())
        },
        "batch": { value, call in
            try call.allow("linecount", "fill_with")
            let size = max(1, try call.integer(0, "linecount") ?? 1)
            let values = try elements(value)
            return .list(
                stride(from: 0, to: values.count, by: size).map { start in
                    let part = Array(values[start..<min(start + size, values.count)])
                    guard let fill = call.argument(1, "fill_with"), part.count < size else {
                        return .list(part)
                    }
                    return .list(
                        part + [JinjaValue](repeating: fill, count: min(size - part.count, 1000)))
                })
        },
        "slice": { try sliced($0, $1) },
        "attr": { value, call in
            let name = try call.required(0, "name").text
            return try JinjaMethods.method(name, of: value).map { .function($0) }
                ?? (value.isDictionary
                    ? .undefined("no attribute '\(name)'") : value.attribute(name, call.limits))
        },
    ]

    private static func defaulted(_ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        try call.allow("default_value", "boolean")
        let isGone = value.isUndefined || call.isTrue(1, "boolean") && !value.isTrue
        return isGone ? call.argument(0, "default_value") ?? .string("") : value
    }

    private static func length(_ value: JinjaValue) throws -> JinjaValue {
        guard let count = value.count else {
            throw JinjaFailure.rendering("object of type '\(value.typeName)' has no len()")
        }
        return .integer(count)
    }

    private static func joined(_ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        try call.allow("d", "attribute")
        var values = try elements(value)
        if let path = call.argument(1, "attribute") {
            values = try values.map { try attribute(path, of: $0, call) }
        }
        let separator = call.argument(0, "d")?.text ?? ""
        let texts = values.map(\.text)
        try call.limits.make(
            texts.reduce(0) { $0 + $1.utf8.count } + separator.utf8.count * texts.count)
        return .string(texts.joined(separator: separator))
    }

    /// So many columns of about the same length.
    private static func sliced(_ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        try call.allow("slices", "fill_with")
        let values = try elements(value)
        let count = max(1, min(try call.integer(0, "slices") ?? 1, 1000))
        let (size, longer) = (values.count / count, values.count % count)
        var offset = 0
        return .list(
            (0..<count).map { index in
                let start = offset + index * size
                if index < longer { offset += 1 }
                var part = Array(values[start..<offset + (index + 1) * size])
                if let fill = call.argument(1, "fill_with"), index >= longer { part.append(fill) }
                return .list(part)
            })
    }
}

extension JinjaValue {
    var isDictionary: Bool {
        if case .dictionary = self { true } else { false }
    }
}
