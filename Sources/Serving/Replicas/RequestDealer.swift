import Synchronization
import Web

/// Deals requests out to the ranks: each generation goes to the rank that has the fewest under way.
///
/// A text has the same bits wherever it is generated. What changes the models that are served goes to all
/// ranks.
package final class RequestDealer: WebService {
    private let local: any WebService
    private let replicas: [Replica]
    /// The requests under way, and those so far, of this rank and of each replica.
    private let counts: Mutex<[(active: Int, total: Int)]>

    /// Where adapters are listed, loaded and dropped.
    static let adaptersPath = "/v1/adapters"

    private static let dealtPaths: Set = [
        "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings",
    ]

    package init(_ local: any WebService, replicas: [Replica]) {
        (self.local, self.replicas) = (local, replicas)
        counts = Mutex(Array(repeating: (0, 0), count: replicas.count + 1))
    }

    package func refusal(status: Int, _ message: String) -> WebReply {
        local.refusal(status: status, message)
    }

    package func reply(to request: WebRequest) async -> WebReply {
        switch (request.method, request.path) {
        case ("POST", let path) where Self.dealtPaths.contains(path): return deal(request)
        case ("POST", Self.adaptersPath): return everywhere(request)
        case ("DELETE", let path) where path.hasPrefix(Self.adaptersPath):
            return everywhere(request)
        case ("GET", "/metrics"): return await metrics(request)
        default: return await local.reply(to: request)
        }
    }

    private func deal(_ request: WebRequest) -> WebReply {
        let place = begin()
        let lease = Lease { [self] in end(place) }
        return .later { [self] in
            var reply = await settled(answer(to: request, at: place))
            if case .stream(let write) = reply.body {
                reply.body = .stream { stream in
                    try await write(stream)
                    lease.end()
                }
            }
            return reply
        }
    }

    private func answer(to request: WebRequest, at place: Int) async -> WebReply {
        if place > 0, let reply = await replicas[place - 1].reply(to: request) { return reply }
        // A rank that is ending, or lost, answers nothing: this one does.
        return await local.reply(to: request)
    }

    /// The rank with the fewest requests under way; of equal ones that with the fewest so far.
    private func begin() -> Int {
        counts.withLock { counts in
            let place = counts.indices.reduce(0) { best, place in
                (counts[place].active, counts[place].total)
                    < (counts[best].active, counts[best].total) ? place : best
            }
            counts[place].active += 1
            counts[place].total += 1
            return place
        }
    }

    private func end(_ place: Int) { counts.withLock { $0[place].active -= 1 } }

    /// Has all ranks do the same. What the first rank refuses, none does.
    private func everywhere(_ request: WebRequest) -> WebReply {
        .later { [self] in
            var reply = await settled(local.reply(to: request))
            guard reply.status < 400 else { return reply }
            for replica in replicas {
                if let other = await replica.reply(to: request), other.status >= 400 {
                    reply = other
                }
            }
            return reply
        }
    }

    private func metrics(_ request: WebRequest) async -> WebReply {
        var replies = [await local.reply(to: request)]
        for replica in replicas {
            if let reply = await replica.reply(to: request) { replies.append(reply) }
        }
        guard replies.allSatisfy({ $0.status == 200 }) else { return replies[0] }
        let texts = replies.map { reply -> [UInt8] in
            if case .bytes(let bytes) = reply.body { bytes } else { [] }
        }
        replies[0].body = .bytes(PrometheusText.sum(of: texts))
        return replies[0]
    }

    /// A reply whose work is done, or whose first part can be written.
    private func settled(_ reply: WebReply) async -> WebReply {
        var reply = reply
        while case .later(let work) = reply.body { reply = await work() }
        return reply
    }
}

/// A request under way: until it is told to be over, or nothing holds it any more.
private final class Lease: Sendable {
    private let release: @Sendable () -> Void
    private let isOver = Mutex(false)

    init(release: @escaping @Sendable () -> Void) { self.release = release }

    deinit { end() }

    func end() {
        let wasOver = isOver.withLock { isOver in
            defer { isOver = true }
            return isOver
        }
        if !wasOver { release() }
    }
}
