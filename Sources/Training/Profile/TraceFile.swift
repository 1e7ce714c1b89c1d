import Diagnostics
import Files
import JSON

/// A trace in the format of Chrome's and Perfetto's viewers ("Trace Event Format", Google 2016): one
/// process for each rank, one row for each of its threads, and arrows for what goes from rank to rank.
///
/// Times are microseconds since the trace began, on the clock of the first rank, with three decimals: the
/// nanoseconds that were measured.
package struct TraceFile {
    static let fileName = "trace.json"

    private let writer: FileWriter
    private var text: [UInt8] = []
    private var eventCount = 0
    /// Each arrow, and each travel, has a number of its own.
    private var lastID = 0

    /// Up to so many ranks each travel has an arrow from every rank; beyond, one from the last to set out,
    /// for which all others waited.
    private static let mostPairedRanks = 8
    private static let blockSize = 1 << 20

    /// Writes the trace of all ranks. Events inside others never end behind them.
    ///
    /// - Throws: `Failure` where it cannot be written; then the old file is as it was.
    package static func write(_ ranks: [TracedRank], to path: String) throws {
        try PublishedFile.write(to: path) { writer in
            var file = TraceFile(writer: writer)
            file.text += Array("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[".utf8)
            for rank in ranks { try file.add(rank) }
            try file.addTravels(ranks)
            file.text += Array("\n]}\n".utf8)
            try file.flush()
        }
    }

    private init(writer: FileWriter) { self.writer = writer }

    private mutating func flush() throws {
        try writer.write(text)
        text.removeAll(keepingCapacity: true)
    }

    /// Begins the next event.
    private mutating func begin(_ name: String, _ phase: String, _ rank: Int, _ row: Int) throws {
        if text.count >= Self.blockSize { try flush() }
        text += Array((eventCount == 0 ? "\n" : ",\n").utf8)
        eventCount += 1
        text += Array("{\"name\":".utf8)
        text += Array(JSONValue.string(name).text().utf8)
        text += Array(",\"ph\":\"\(phase)\",\"pid\":\(rank),\"tid\":\(row)".utf8)
    }

    private mutating func addTime(_ key: String, _ nanoseconds: Int64) {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
        let decimals = rest == 0 ? "" : "." + String(1000 + rest).dropFirst()
        text += Array(",\"\(key)\":\(whole)\(decimals)".utf8)
    }

    private mutating func end() { text.append(UInt8(ascii: "}")) }

    private mutating func add(_ rank: TracedRank) throws {
        try name("process_name", "rank \(rank.rank) on \(rank.host)", rank.rank, row: 0)
        try sort("process_sort_index", rank.rank, rank.rank, row: 0)
        for (row, events) in Dictionary(grouping: rank.events, by: \.row)
            .sorted(by: { $0.key < $1.key })
        {
            try name("thread_name", RankTrace.title(ofRow: Int(row)), rank.rank, row: Int(row))
            try sort("thread_sort_index", Int(row), rank.rank, row: Int(row))
            for event in events.inNestedOrder {
                guard let kind = event.kind else { continue }
                try begin(kind.title(Int(event.number)), "X", rank.rank, Int(row))
                text += Array(",\"cat\":\"\(TracePart(kind).rawValue)\"".utf8)
                addTime("ts", event.start)
                addTime("dur", event.end - event.start)
                end()
            }
        }
    }

    private mutating func name(_ key: String, _ name: String, _ rank: Int, row: Int) throws {
        try begin(key, "M", rank, row)
        text += Array(",\"args\":{\"name\":\(JSONValue.string(name).text())}".utf8)
        end()
    }

    private mutating func sort(_ key: String, _ index: Int, _ rank: Int, row: Int) throws {
        try begin(key, "M", rank, row)
        text += Array(",\"args\":{\"sort_index\":\(index)}".utf8)
        end()
    }

    /// The travels of all buckets, and arrows from where a part sets out to where its arrival was awaited.
    private mutating func addTravels(_ ranks: [TracedRank]) throws {
        for island in Dictionary(grouping: ranks, by: \.island).sorted(by: { $0.key < $1.key }) {
            let travels = island.value.map { ($0.rank, BucketTravel.all(of: $0)) }
            for (rank, own) in travels {
                for (place, travel) in own.sorted(by: {
                    $0.value.leaving.start < $1.value.leaving.start
                }) {
                    guard let waiting = travel.waiting else { continue }
                    try addTravel(place, from: travel.leaving, to: waiting, of: rank)
                    guard island.value.count > 1 else { continue }
                    let senders = travels.compactMap { peer, travels in
                        peer == rank ? nil : travels[place].map { (peer, $0.leaving) }
                    }
                    for (peer, leaving) in Self.shown(senders, rankCount: ranks.count) {
                        try addArrow(place, (peer, leaving), (rank, waiting))
                    }
                }
            }
        }
    }

    private static func shown(
        _ senders: [(Int, TraceEvent)], rankCount: Int
    ) -> [(Int, TraceEvent)] {
        guard rankCount > mostPairedRanks else { return senders }
        return senders.max { $0.1.start < $1.1.start }.map { [$0] } ?? []
    }

    private mutating func addTravel(
        _ place: BucketTravel.Place, from leaving: TraceEvent, to waiting: TraceEvent, of rank: Int
    ) throws {
        lastID += 1
        for (phase, time) in [("b", leaving.start), ("e", waiting.end)] {
            try begin("\(place.load.title) of bucket \(place.bucket)", phase, rank, 0)
            text += Array(",\"cat\":\"travel\",\"id\":\(lastID)".utf8)
            addTime("ts", time)
            end()
        }
    }

    private mutating func addArrow(
        _ place: BucketTravel.Place, _ from: (rank: Int, event: TraceEvent),
        _ to: (rank: Int, event: TraceEvent)
    ) throws {
        lastID += 1
        let name = "\(place.load.title) of bucket \(place.bucket)"
        for (phase, rank, time) in [
            ("s", from.rank, from.event.start),
            // Inside the wait, whose end belongs to what follows.
            ("f", to.rank, max(to.event.start, to.event.end - 1)),
        ] {
            try begin(name, phase, rank, 0)
            text += Array(",\"cat\":\"arrow\",\"id\":\(lastID)".utf8)
            if phase == "f" { text += Array(",\"bp\":\"e\"".utf8) }
            addTime("ts", time)
            end()
        }
    }
}
