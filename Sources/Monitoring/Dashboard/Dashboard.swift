import Diagnostics
import Foundation
import JSON
import Training
import Web

/// A page on which runs are watched, at work or over: /TOKEN/, with what it asks for below.
///
/// Who has the token may watch; who has the other one may steer, too.
package final class Dashboard: WebService {
    /// What may be asked of a training.
    package enum Order: String, CaseIterable, Sendable {
        case stop, checkpoint, validate
    }

    private let shelf: RunShelf
    private let watching: APIKeys
    private let steering: APIKeys
    private let describe: @Sendable (_ run: String, RunHistory) throws -> ReportContent
    private let carryOut: (@Sendable (Order) -> Void)?
    private let isEnding: @Sendable () -> Bool

    /// Pages that are told of news now, and how many may be: others find a connection still.
    private let streams = DashboardStreams(most: mostStreams)
    private static let mostStreams = WebLimits.besideWork.connections * 3 / 4

    /// Points of a curve: more cannot be seen.
    private static let pointCount = 800

    /// - Parameters:
    ///   - folders: runs, or folders in which they lie.
    ///   - tokens: of those who watch, and of those who steer.
    ///   - describe: tells what a report tells of a run.
    ///   - carryOut: what steers; nil where nothing can be.
    ///   - isEnding: whether the server is to end: pages that wait for news would hold it.
    package init(
        _ folders: [String], tokens: (watching: String, steering: String),
        describe: @escaping @Sendable (_ run: String, RunHistory) throws -> ReportContent,
        carryOut: (@Sendable (Order) -> Void)? = nil,
        isEnding: @escaping @Sendable () -> Bool = { false }
    ) {
        shelf = RunShelf(folders)
        watching = APIKeys([tokens.watching, tokens.steering])
        steering = APIKeys([tokens.steering])
        (self.describe, self.carryOut, self.isEnding) = (describe, carryOut, isEnding)
    }

    /// A token that nobody guesses.
    package static func makeToken() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next(), radix: 36)
            return String(repeating: "0", count: 13 - digits.count) + digits
        }.joined()
    }

    package func reply(to request: WebRequest) async -> WebReply {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst().map(String.init)
        guard let token = parts.first, Self.holds(token, watching) else {
            return refusal(status: 401, "the address needs the token that the program printed")
        }
        let canSteer = carryOut != nil && Self.holds(token, steering)
        let words = Array(parts.dropFirst())
        switch (request.method, words.first ?? "", words.count) {
        case ("GET", "", 0...1):
            // Without the slash, what the page asks for would be looked for elsewhere.
            return words.isEmpty ? redirection("/\(token)/") : page
        case ("GET", "runs", 1): return list(canSteer)
        case ("GET", "run", 2): return run(words[1]) { self.details($0) }
        case ("GET", "curves", 4): return curves(words)
        case ("GET", "events", 1): return events
        case ("POST", "order", 2): return order(words[1], canSteer)
        default: return refusal(status: 404, "there is no such page")
        }
    }

    package func refusal(status: Int, _ message: String) -> WebReply {
        secured(
            WebReply(
                status: status, type: "text/plain; charset=utf-8", Array((message + "\n").utf8)))
    }

    private static func holds(_ token: String, _ keys: APIKeys) -> Bool {
        let request = WebRequest(
            method: "GET", path: "/", headers: ["authorization": "Bearer \(token)"])
        return keys.name(ofKeyIn: request) != nil
    }

    private func secured(_ reply: WebReply) -> WebReply {
        var reply = reply
        reply.headers.merge([
            "cache-control": "no-store", "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff", "x-frame-options": "DENY",
            "content-security-policy":
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                + "connect-src 'self'; base-uri 'none'; form-action 'none'",
        ]) { own, _ in own }
        return reply
    }

    private var page: WebReply {
        secured(WebReply(type: "text/html; charset=utf-8", PackageResources.index_html))
    }

    private func redirection(_ path: String) -> WebReply {
        var reply = refusal(status: 303, path)
        reply.headers["location"] = path
        return reply
    }

    private func json(_ value: JSONValue) -> WebReply {
        secured(WebReply(type: "application/json", Array(value.text().utf8)))
    }

    private func list(_ canSteer: Bool) -> WebReply {
        _ = shelf.look()
        let runs = shelf.runs.enumerated().map { DashboardRun($1, number: $0).summary }
        return json(
            .object([
                "can_steer": .boolean(canSteer), "runs": .array(runs), "glossary": Self.glossary,
            ]))
    }

    /// What the figures of the charts mean, and what they look like where all goes well.
    private static var glossary: JSONValue {
        let entries = MetricGlossary.entries.map {
            ($0.name, JSONValue.array([.string($0.meaning), .string($0.good)]))
        }
        return .object(Dictionary(uniqueKeysWithValues: entries))
    }

    private func details(_ run: DashboardRun) -> WebReply {
        answer { run.details(try describe(run.path, run.state.history)) }
    }

    private func answer(_ value: () throws -> JSONValue) -> WebReply {
        do {
            return json(try value())
        } catch {
            return refusal(status: 500, (error as? Failure)?.line ?? "\(error)")
        }
    }

    /// curves/RUN/FIRST/LAST: the figures between two steps.
    private func curves(_ words: [String]) -> WebReply {
        guard let first = Int(words[2]), let last = Int(words[3]), 0 <= first, first <= last,
            last <= Int(Int32.max)
        else { return refusal(status: 400, "curves need two steps, the first before the last") }
        return run(words[1]) { run in
            answer { try run.curves(first...last, pointCount: Self.pointCount) }
        }
    }

    private func run(_ number: String, _ reply: (DashboardRun) -> WebReply) -> WebReply {
        let runs = shelf.runs
        guard let number = Int(number), runs.indices.contains(number) else {
            return refusal(status: 404, "there is no such run")
        }
        return reply(DashboardRun(runs[number], number: number))
    }

    /// An event whenever there is something new, and a sign of life now and then.
    private var events: WebReply {
        guard let place = streams.place() else {
            var reply = refusal(status: 503, "too many pages are open; this one asks again")
            reply.headers["connection"] = "close"
            return reply
        }
        return secured(
            .events { [self] stream in
                defer { place.giveBack() }
                var (last, quiet) = (-1, 0)
                while !isEnding() {
                    let (version, isBehind) = shelf.look()
                    quiet += 1
                    if version != last || quiet == 15 {
                        try await stream.send(Array("\(version)".utf8))
                        (last, quiet) = (version, 0)
                    }
                    try await Task.sleep(for: isBehind ? .milliseconds(50) : .seconds(1))
                }
            })
    }

    private func order(_ name: String, _ canSteer: Bool) -> WebReply {
        guard let order = Order(rawValue: name) else {
            return refusal(status: 404, "there is no such order")
        }
        guard canSteer, let carryOut else {
            return refusal(status: 403, "this address may watch, not steer")
        }
        carryOut(order)
        return json(.object(["order": .string(order.rawValue)]))
    }
}
