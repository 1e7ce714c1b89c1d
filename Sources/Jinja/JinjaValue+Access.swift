import Diagnostics

/// Attributes, items and slices.
extension JinjaValue {
    /// `value.name`: a method, else a member.
    func attribute(_ name: String, _ limits: JinjaLimits) throws -> JinjaValue {
        if case .undefined(let what) = self { throw JinjaFailure.rendering(what) }
        guard !name.hasPrefix("__") else { return missing(name) }
        if let method = JinjaMethods.method(name, of: self) { return .function(method) }
        return try member(name, limits) ?? missing(name)
    }

    /// `value[index]`: a member, else a method.
    func item(_ index: JinjaValue, _ limits: JinjaLimits) throws -> JinjaValue {
        switch self {
        case .undefined(let what): throw JinjaFailure.rendering(what)
        case .dictionary(let dictionary):
            try limits.step(dictionary.members.count / 8)
            if let value = dictionary[index] { return value }
        case .list(let values), .tuple(let values):
            if let place = place(index, values.count) { return values[place] }
        case .string(let text):
            if let place = place(index, text.unicodeScalars.count) {
                try limits.make(text.utf8.count)
                return .string(String(Character(JinjaString(text).scalars[place])))
            }
        default: break
        }
        guard let name = index.string else { return missing(index.text) }
        if let method = JinjaMethods.method(name, of: self) { return .function(method) }
        return try member(name, limits) ?? missing(name)
    }

    private func missing(_ name: String) -> JinjaValue {
        .undefined("'\(typeName) object' has no attribute '\(name)'")
    }

    private func member(_ name: String, _ limits: JinjaLimits) throws -> JinjaValue? {
        switch self {
        case .dictionary(let dictionary):
            try limits.step(dictionary.members.count / 8)
            return dictionary[name]
        case .namespace(let namespace): return namespace.members[name]
        case .loop(let loop): return loop.attribute(name)
        // The groups of `groupby`.
        case .tuple(let values) where values.count == 2 && name == "grouper": return values[0]
        case .tuple(let values) where values.count == 2 && name == "list": return values[1]
        default: return nil
        }
    }

    private func place(_ index: JinjaValue, _ count: Int) -> Int? {
        guard let index = index.integer else { return nil }
        let place = index < 0 ? index + count : index
        return (0..<count).contains(place) ? place : nil
    }

    /// `value[start:stop:step]`.
    func slice(_ bounds: [JinjaValue]) throws -> JinjaValue {
        let numbers = try bounds.map { bound -> Int? in
            guard !bound.isNone else { return nil }
            guard let number = bound.integer else {
                throw JinjaFailure.rendering("slice indices must be integers or None")
            }
            return number
        }
        switch self {
        case .list(let values): return .list(try Self.sliced(values, numbers))
        case .tuple(let values): return .tuple(try Self.sliced(values, numbers))
        case .string(let text):
            return .string(JinjaString(try Self.sliced(JinjaString(text).scalars, numbers)).text)
        case .undefined(let what): throw JinjaFailure.rendering(what)
        default: return .undefined("'\(typeName)' object cannot be sliced")
        }
    }

    private static func sliced<Element>(
        _ values: [Element], _ bounds: [Int?]
    ) throws -> [Element] {
        let step = bounds.count > 2 ? bounds[2] ?? 1 : 1
        guard step != 0, step.magnitude < 1 << 32 else {
            throw JinjaFailure.rendering("slice step cannot be zero")
        }
        let count = values.count
        func clamped(_ bound: Int?, _ standard: Int) -> Int {
            guard let bound else { return standard }
            let place = bound < 0 ? max(bound, -count - 1) + count : bound
            return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
        }
        let start = clamped(bounds[0], step > 0 ? 0 : count - 1)
        let stop = clamped(bounds.count > 1 ? bounds[1] : nil, step > 0 ? count : -1)
        return stride(from: start, to: stop, by: step).map { values[$0] }
    }
}
