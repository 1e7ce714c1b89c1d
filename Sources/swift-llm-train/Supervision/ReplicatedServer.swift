import Collectives
import Foundation
import Serving
import Signals
import Web

/// A server of which each rank is a replica; the first one deals requests out.
///
/// The ranks tell each other their addresses by messages of MPI, once: a rank that waits for a message of
/// MPI would spin. Requests go by connections.
struct ReplicatedServer {
    private let server: ModelServer
    private let communicator: any Communicator

    init(_ server: ModelServer, _ communicator: any Communicator) {
        (self.server, self.communicator) = (server, communicator)
    }

    func run(until stop: StopRequest) throws {
        guard communicator.worldSize > 1 else {
            return try Waiting.forResult { [server] in try await server.run(until: stop) }
        }
        let secret = try secret()
        if communicator.rank == 0 {
            let replicas = try replicas(secret)
            try Waiting.forResult { [server] in
                try await server.run(until: stop, replicas: replicas)
            }
        } else {
            try runReplica(secret, until: stop)
        }
    }

    /// A number that nobody else knows.
    private func secret() throws -> String {
        var random = SystemRandomNumberGenerator()
        let words = (0..<4).map { _ in random.next() as UInt64 }
        return try communicator.broadcast(words, from: 0).map { String($0, radix: 16) }.joined()
    }

    private func replicas(_ secret: String) throws -> [Replica] {
        let threads = WebThreads()
        // The ranks that could not listen.
        try communicator.agree {}
        return try gather("").dropFirst().map { address in
            let end = address.lastIndex(of: ":") ?? address.startIndex
            return Replica(
                host: String(address[..<end]), port: Int(address[end...].dropFirst()) ?? 0,
                secret: secret, threads: threads)
        }
    }

    private func runReplica(_ secret: String, until stop: StopRequest) throws {
        // Connections between hosts need an address that the first rank reaches.
        let host = communicator.hosts.count == 1 ? "127.0.0.1" : ProcessInfo.processInfo.hostName
        let (ports, whenListening) = AsyncStream<Int>.makeStream()
        let serving = Task { [server] in
            defer { whenListening.finish() }
            try await server.runAsReplica(until: stop, host: host, secret: secret) {
                whenListening.yield($0)
            }
        }
        let port = try communicator.agree {
            try Waiting.forResult {
                for await port in ports { return port }
                try await serving.value
                return 0
            }
        }
        _ = try gather("\(host):\(port)")
        try Waiting.forResult { try await serving.value }
    }

    /// The addresses of all ranks.
    private func gather(_ address: String) throws -> [String] {
        try communicator.allGather(ofAnySize: Array(address.utf8))
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
