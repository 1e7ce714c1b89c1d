/// The names that a part of a template sees.
final class JinjaScope {
    private var values: [String: JinjaValue]
    private let parent: JinjaScope?

    init(_ values: [String: JinjaValue] = [:], in parent: JinjaScope? = nil) {
        self.values = values
        self.parent = parent
    }

    /// Reads the nearest value of a name; sets it in this scope alone.
    subscript(name: String) -> JinjaValue? {
        get {
            var scope: JinjaScope? = self
            while let current = scope {
                if let value = current.values[name] { return value }
                scope = current.parent
            }
            return nil
        }
        set { values[name] = newValue }
    }
}

/// What `loop` is inside of a loop.
final class JinjaLoopState {
    let values: [JinjaValue]
    let depth: Int
    var index = 0
    /// The arguments of the last `changed`.
    var lastChanged: [JinjaValue]?
    /// Goes through a sequence by the same loop; nil where it is not recursive.
    let recurse: JinjaFunction?

    init(_ values: [JinjaValue], depth: Int, recurse: JinjaFunction?) {
        self.values = values
        self.depth = depth
        self.recurse = recurse
    }

    func attribute(_ name: String) -> JinjaValue {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(values.count - index)
        case "revindex0": .integer(values.count - index - 1)
        case "first": .boolean(index == 0)
        case "last": .boolean(index == values.count - 1)
        case "length": .integer(values.count)
        case "depth": .integer(depth)
        case "depth0": .integer(depth - 1)
        case "previtem": index > 0 ? values[index - 1] : .undefined("there is no previous item")
        case "nextitem":
            index + 1 < values.count ? values[index + 1] : .undefined("there is no next item")
        case "cycle": .function(JinjaFunction("cycle") { [self] in try cycled($0) })
        case "changed": .function(JinjaFunction("changed") { [self] in changed($0) })
        default: .undefined("'loop' has no attribute '\(name)'")
        }
    }

    private func cycled(_ call: JinjaCall) throws -> JinjaValue {
        guard !call.positional.isEmpty else {
            throw JinjaFailure.rendering("no items for cycling given")
        }
        return call.positional[index % call.positional.count]
    }

    private func changed(_ call: JinjaCall) -> JinjaValue {
        defer { lastChanged = call.positional }
        guard let last = lastChanged else { return .boolean(true) }
        return .boolean(!JinjaValue.list(last).equals(.list(call.positional)))
    }
}
