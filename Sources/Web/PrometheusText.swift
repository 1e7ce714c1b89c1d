/// Figures in the text format of Prometheus.
package struct PrometheusText {
    package enum Kind: String {
        case counter, gauge
    }

    private var lines: [String] = []

    package init() {}

    package static let type = "text/plain; version=0.0.4; charset=utf-8"

    /// - Parameter labels: names and values of what the figure is of.
    package mutating func add(
        _ name: String, _ kind: Kind, _ help: String,
        _ values: [(labels: [(String, String)], value: Double)]
    ) {
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(kind.rawValue)")
        for (labels, value) in values {
            let text = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            lines.append("\(name)\(text.isEmpty ? "" : "{\(text)}") \(Self.figure(value))")
        }
    }

    package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        add(name, kind, help, [([], value)])
    }

    package var bytes: [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

    /// The figures of several texts, each the sum of those that have its name and labels.
    package static func sum(of texts: [[UInt8]]) -> [UInt8] {
        var families: [String] = []
        var lines: [String: [String]] = [:]
        var sums: [String: Double] = [:]
        for line in texts.flatMap({ String(decoding: $0, as: UTF8.self).split(separator: "\n") }) {
            let isComment = line.hasPrefix("# ")
            let end = isComment ? line.endIndex : line.lastIndex(of: " ") ?? line.endIndex
            let key = String(line[..<end])
            let name = String(
                isComment
                    ? line.split(separator: " ")[2] : key.prefix { $0 != "{" })
            if lines[name] == nil { families.append(name) }
            if lines[name]?.contains(key) != true { lines[name, default: []].append(key) }
            if !isComment { sums[key, default: 0] += Double(line[end...].dropFirst()) ?? 0 }
        }
        let text = families.flatMap { lines[$0] ?? [] }.map { key in
            sums[key].map { "\(key) \(figure($0))" } ?? key
        }
        return Array((text.joined(separator: "\n") + "\n").utf8)
    }

    private static func figure(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
