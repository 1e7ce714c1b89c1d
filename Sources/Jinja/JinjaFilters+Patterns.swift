/// The filters of tasks.
extension JinjaFilters {
    static let patterns: [String: Filter] = [
        "regex_replace": { value, call in
            try call.allow("pattern", "repl", "count")
            let pattern = try TextPattern(call.required(0, "pattern").text)
            let count = try call.integer(2, "count") ?? 0
            return .string(
                pattern.replacing(
                    in: value.text, with: try call.required(1, "repl").text,
                    most: count > 0 ? count : .max))
        }
    ]
}
