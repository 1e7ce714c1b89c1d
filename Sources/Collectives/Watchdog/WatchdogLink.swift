import Glibc

/// How the watchdogs of the ranks reach each other: UDP between rank 0 and every other rank, beside
/// MPI, whose calls the stuck thread may never leave.
package struct WatchdogLink: Sendable {
    private let token: UInt64
    private var sockets: [DatagramSocket]
    /// Rank 0: how each rank was last reached.
    private var peers: [Int: (socket: DatagramSocket, endpoint: Endpoint)] = [:]

    /// Rank 0's side.
    package init(token: UInt64, boundTo addresses: [UInt32]) throws {
        self.token = token
        sockets = try addresses.map(DatagramSocket.init(boundTo:))
    }

    /// Another rank's side; rank 0 can be reached at some of the `endpoints`.
    package init(token: UInt64, endpoints: [Endpoint]) {
        self.token = token
        sockets = endpoints.compactMap(DatagramSocket.init(connectedTo:))
    }

    package var endpoints: [Endpoint] { sockets.map(\.endpoint) }
    /// The ranks that rank 0 has heard.
    package var peerCount: Int { peers.count }

    /// Sends a heartbeat to rank 0.
    package func send(_ heartbeat: Heartbeat) {
        for socket in sockets { socket.send(heartbeat.line(token: token)) }
    }

    /// Sends a heartbeat from rank 0 to all others.
    package func sendToPeers(_ heartbeat: Heartbeat) {
        for peer in peers.values {
            peer.socket.send(heartbeat.line(token: token), to: peer.endpoint)
        }
    }

    /// Waits at most so long for messages and returns those that have come.
    ///
    /// - Parameter answer: what rank 0 answers to each; nil on the others.
    package mutating func receive(
        within time: Duration, answer: Heartbeat? = nil
    ) -> [Heartbeat] {
        var descriptors = sockets.map {
            pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
        }
        let milliseconds = Int32((time / .milliseconds(1)).rounded(.up))
        guard poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0 else { return [] }
        var heartbeats: [Heartbeat] = []
        for socket in sockets {
            while let message = socket.receive() {
                guard let heartbeat = Heartbeat(line: message.line, token: token) else { continue }
                heartbeats.append(heartbeat)
                note(heartbeat, from: message.from, on: socket)
                if let answer { socket.send(answer.line(token: token), to: message.from) }
            }
        }
        return heartbeats
    }

    /// Rank 0 learns how to reach each rank; the others keep to the way on which an answer came.
    private mutating func note(
        _ heartbeat: Heartbeat, from sender: Endpoint, on socket: DatagramSocket
    ) {
        guard case .progress(let rank, _) = heartbeat else { return }
        if rank == 0 { sockets = [socket] } else { peers[rank] = (socket, sender) }
    }
}
