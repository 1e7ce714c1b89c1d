import Collectives
import Tensors

/// The link between two nodes, as messages of this program see it.
package struct LinkSpeed: Equatable, Sendable {
    /// Alpha: seconds of a message of one byte, one way.
    package let latency: Double
    /// Beta: bytes a second one way, while as many come back.
    package let bytesPerSecond: Double
    /// The share of the time of messages that is saved where they travel while ranks compute.
    package let overlap: Double

    private static let pingCount = 50
    private static let byteCount = 16 << 20

    /// Measures between the first ranks of the first two nodes, while the others wait, and
    /// then compute; nil on one node.
    /// Collective.
    package static func measure(
        on device: Device, over communicator: any Communicator
    ) throws -> LinkSpeed? {
        guard communicator.hosts.count > 1 else { return nil }
        let pair = communicator.hosts.ranks.prefix(2).map { $0[0] }
        var own = [0.0, 0.0]
        try communicator.barrier()
        let place = pair.firstIndex(of: communicator.rank)
        let peer = place.map { pair[1 - $0] }
        if let place, let peer {
            let latency = try roundTrip(with: peer, isFirst: place == 0, communicator)
            own = [latency / 2, try transfer(with: peer, communicator)]
        }
        let figures = try communicator.allReduce(own, .maximum)
        let rate = try streamed(with: peer, about: figures[1], communicator)
        let overlap = try overlap(with: peer, rate: rate, on: device, communicator)
        return LinkSpeed(latency: figures[0], bytesPerSecond: rate, overlap: overlap)
    }

    private static func roundTrip(
        with peer: Int, isFirst: Bool, _ communicator: any Communicator
    ) throws -> Double {
        let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
        defer { byte.deallocate() }
        byte.initializeMemory(as: UInt8.self, repeating: 0)
        func send() throws {
            try communicator.exchange(
                sends: [MessageToSend(to: peer, UnsafeRawBufferPointer(byte))], receives: []
            ).wait()
        }
        func receive() throws {
            try communicator.exchange(
                sends: [], receives: [MessageToReceive(from: peer, byte)]
            ).wait()
        }
        var times: [Double] = []
        for _ in 0..<pingCount {
            let start = ContinuousClock.now
            try isFirst ? send() : receive()
            try isFirst ? receive() : send()
            times.append((ContinuousClock.now - start) / .seconds(1))
        }
        return times.sorted()[pingCount / 2]
    }

    /// Bytes a second one way of a single message, while another comes back: less than of many.
    private static func transfer(
        with peer: Int, _ communicator: any Communicator
    ) throws -> Double {
        let buffers = (0..<2).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        for buffer in buffers { buffer.initializeMemory(as: UInt8.self, repeating: 1) }
        var seconds = 0.0
        // The first one opens connections, and finds a bucket of tokens full.
        for _ in 0..<2 {
            let start = ContinuousClock.now
            try communicator.exchange(
                sends: [MessageToSend(to: peer, UnsafeRawBufferPointer(buffers[0]))],
                receives: [MessageToReceive(from: peer, buffers[1])]
            ).wait()
            seconds = (ContinuousClock.now - start) / .seconds(1)
        }
        return Double(byteCount) / seconds
    }
}
