import Foundation
import JSON
import Testing

/// The events of trace.json, with all that is wrong with them by the format of Chrome's viewer.
struct TraceCheck {
    /// A span of time of a row, in nanoseconds.
    struct Slice {
        let name: String
        let category: String
        let start: Int
        let end: Int
    }

    struct Row: Hashable {
        let rank: Int
        let thread: Int
    }

    private(set) var rows: [Row: [Slice]] = [:]
    private(set) var threadNames: [Row: String] = [:]
    private(set) var rankNames: [Int: String] = [:]
    private(set) var problems: [String] = []
    /// The beginnings and ends of arrows and of travels, by their numbers.
    private var arrows: [Int: [(phase: String, row: Row, time: Int)]] = [:]
    private var travels: [Int: [(phase: String, row: Row, time: Int)]] = [:]

    init(_ bytes: Data) throws {
        let json = try JSONValue(parsing: Array(bytes), at: "trace.json")
        for event in try #require(json["traceEvents"]?.array) { add(event) }
        checkNames()
        checkNesting()
        checkArrows()
        checkTravels()
    }

    var arrowCount: Int { arrows.count }
    var travelCount: Int { travels.count }

    func names(ofRank rank: Int) -> Set<String> {
        Set(rows.filter { $0.key.rank == rank }.flatMap { $0.value.map(\.name) })
    }

    private mutating func add(_ event: JSONValue) {
        guard let name = event["name"]?.string, let phase = event["ph"]?.string,
            let rank = event["pid"]?.integer, let thread = event["tid"]?.integer
        else { return problems.append("an event without name, phase or row: \(event.text())") }
        let row = Row(rank: rank, thread: thread)
        func time(_ key: String) -> Int {
            event[key]?.double.map { Int(($0 * 1000).rounded()) } ?? .min
        }
        switch phase {
        case "M":
            if name == "process_name" { rankNames[rank] = event["args"]?["name"]?.string }
            if name == "thread_name" { threadNames[row] = event["args"]?["name"]?.string }
        case "X":
            if time("ts") < 0 || time("dur") < 0 { problems.append("\(name): \(event.text())") }
            rows[row, default: []].append(
                Slice(
                    name: name, category: event["cat"]?.string ?? "", start: time("ts"),
                    end: time("ts") + max(0, time("dur"))))
        case "s", "f":
            if phase == "f" && event["bp"]?.string != "e" { problems.append("\(name): no bp") }
            arrows[event["id"]?.integer ?? -1, default: []].append((phase, row, time("ts")))
        case "b", "e":
            travels[event["id"]?.integer ?? -1, default: []].append((phase, row, time("ts")))
        default: problems.append("\(name): an unknown phase \(phase)")
        }
    }

    private mutating func checkNames() {
        for row in rows.keys {
            if threadNames[row] == nil { problems.append("\(row) has no name") }
            if rankNames[row.rank] == nil { problems.append("rank \(row.rank) has no name") }
        }
    }

    /// Events of a row lie inside each other, or apart.
    private mutating func checkNesting() {
        for (row, slices) in rows {
            var open: [Slice] = []
            for slice in slices.sorted(by: { ($0.start, -$0.end) < ($1.start, -$1.end) }) {
                while let last = open.last, last.end <= slice.start { open.removeLast() }
                if let last = open.last, slice.end > last.end {
                    problems.append("\(row): \(slice) ends behind \(last)")
                }
                open.append(slice)
            }
        }
    }

    private mutating func checkArrows() {
        for (id, ends) in arrows {
            let phases = ends.map { $0.phase }.sorted()
            guard phases == ["f", "s"], ends[0].row.rank != ends[1].row.rank
            else {
                problems.append("arrow \(id) has not both ends: \(ends)")
                continue
            }
            for end in ends {
                let isInside = (rows[end.row] ?? []).contains {
                    $0.start <= end.time && end.time < $0.end
                }
                if !isInside { problems.append("arrow \(id) ends outside: \(end)") }
            }
        }
    }

    private mutating func checkTravels() {
        for (id, ends) in travels {
            let phases = ends.map { $0.phase }
            guard phases == ["b", "e"], ends[0].row == ends[1].row,
                ends[0].time <= ends[1].time
            else {
                problems.append("travel \(id): \(ends)")
                continue
            }
        }
    }
}
