import Collectives
import Tensors

extension LinkSpeed {
    /// Bytes of a message: half of a bucket, of which so many are under way at most.
    private static let messageSize = 8 << 20
    private static let mostUnderWay = 8
    /// Seconds for which messages alone are measured.
    private static let streamSeconds = 2.0
    /// Seconds for which each of the two is measured.
    private static let overlapSeconds = 1.0

    /// Bytes a second one way of messages of which many are under way, as when buckets are reduced, while
    /// as many come back. Collective.
    ///
    /// - Parameters:
    ///   - peer: the rank to which this one sends, and which sends to it; nil for one that waits.
    ///   - rate: bytes a second of a single message, from which it follows how many are sent.
    static func streamed(
        with peer: Int?, about rate: Double, _ communicator: any Communicator
    ) throws -> Double {
        let messageCount = max(mostUnderWay, Int(streamSeconds * rate) / messageSize)
        let stream = MessageStream(
            messageCount, of: messageSize, mostUnderWay: mostUnderWay, with: peer, communicator)
        let seconds = try longest(communicator) { try stream.finish() }
        return Double(messageCount * messageSize) / seconds
    }

    /// The share of the time of messages that is saved where they travel while all ranks compute, for as
    /// long as both take alone: what moves messages costs processors time too. Collective.
    ///
    /// - Parameters:
    ///   - peer: the rank to which this one sends, and which sends to it; nil for one that computes alone.
    ///   - rate: bytes a second one way.
    static func overlap(
        with peer: Int?, rate: Double, on device: Device, _ communicator: any Communicator
    ) throws -> Double {
        let products = Products(on: device)
        products.run()
        let one = try longest(communicator) { products.run() }
        let count = max(1, Int(overlapSeconds / one))
        let computing = try longest(communicator) { for _ in 0..<count { products.run() } }
        let messageCount = max(1, Int(computing * rate) / messageSize)
        let stream = MessageStream(
            messageCount, of: messageSize, mostUnderWay: mostUnderWay, with: peer, communicator)
        let both = try longest(communicator) {
            for _ in 0..<count {
                try stream.advance()
                products.run()
            }
            try stream.finish()
        }
        let travelling = Double(messageCount * messageSize) / rate
        return max(0, min(1, (computing + travelling - both) / min(computing, travelling)))
    }

    /// The seconds of the slowest rank, from when all are there.
    private static func longest(
        _ communicator: any Communicator, _ work: () throws -> Void
    ) throws -> Double {
        try communicator.barrier()
        let start = ContinuousClock.now
        try work()
        let own = (ContinuousClock.now - start) / .seconds(1)
        return try communicator.allReduce([own], .maximum)[0]
    }
}

/// A product of the feed-forward layer of GPT-2 124M, between two of which a backward pass drives messages
/// on.
private struct Products {
    private let device: Device
    private let tokens, weights, out: Tensor<Float>

    init(on device: Device) {
        self.device = device
        tokens = device.zeros([512, 768])
        weights = device.zeros([768, 3072])
        out = device.zeros([512, 3072])
    }

    func run() { device.multiply(tokens.matrix, weights.matrix, into: out.matrix) }
}

/// Messages to a rank, as many of which come from it, some of them under way at a time.
private final class MessageStream {
    private let size: Int
    private let peer: Int?
    private let communicator: any Communicator
    private let sent: UnsafeMutableRawBufferPointer
    private var free: [UnsafeMutableRawBufferPointer]
    private var underWay: [(exchange: PendingExchange, place: UnsafeMutableRawBufferPointer)] = []
    private var missingCount: Int

    init(
        _ count: Int, of size: Int, mostUnderWay: Int, with peer: Int?,
        _ communicator: any Communicator
    ) {
        self.size = size
        self.peer = peer
        self.communicator = communicator
        missingCount = peer == nil ? 0 : count
        let buffers = (0...min(mostUnderWay, missingCount)).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        }
        for buffer in buffers { buffer.initializeMemory(as: UInt8.self, repeating: 1) }
        (sent, free) = (buffers[0], Array(buffers.dropFirst()))
    }

    /// MPI may yet write into what an error left under way.
    deinit {
        for one in underWay { one.exchange.abandon() }
        sent.deallocate()
        for buffer in free { buffer.deallocate() }
    }

    /// Drives messages on, and lets the next ones set out.
    func advance() throws {
        while let first = underWay.first, try first.exchange.test() { try end() }
        while missingCount > 0, let place = free.popLast() { try start(place) }
    }

    func finish() throws {
        try advance()
        while !underWay.isEmpty {
            try end()
            try advance()
        }
    }

    private func end() throws {
        let first = underWay.removeFirst()
        try first.exchange.wait()
        free.append(first.place)
    }

    private func start(_ place: UnsafeMutableRawBufferPointer) throws {
        guard let peer else { return }
        missingCount -= 1
        let exchange = try communicator.exchange(
            sends: [MessageToSend(to: peer, UnsafeRawBufferPointer(sent))],
            receives: [MessageToReceive(from: peer, place)])
        underWay.append((exchange, place))
    }
}
