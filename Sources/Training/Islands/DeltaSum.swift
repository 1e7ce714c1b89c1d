import Collectives

/// A list of differences that is added over the same-numbered ranks of all islands while the training
/// goes on.
///
/// Each member of the crew gets its part of the list from all, adds it in the order of the islands, and
/// sends the sum to all: so a list crosses an island's link 2 (K - 1) / K times for K islands, and all of
/// them have the same bits.
final class DeltaSum {
    /// First this island's differences, at the end the sums.
    let values: GradientBuffer
    private let codec: DeltaCodec
    private let islands: Islands
    /// The elements that each member of the crew adds.
    private let parts: [Range<Int>]
    /// The list as it travels.
    private let encoded: UnsafeMutableRawBufferPointer
    /// This member's part as each member sends it; its own is in `values`.
    private let received: [UnsafeMutableRawBufferPointer]
    private var exchange: PendingExchange?

    /// - Parameter count: of the elements, the same on all members; they are set before `start`.
    init(count: Int, codec: DeltaCodec, islands: Islands) {
        self.codec = codec
        self.islands = islands
        let crew = islands.crew
        let blockCount = (count + DeltaCodec.blockSize - 1) / DeltaCodec.blockSize
        let borders = (0...crew.worldSize).map {
            min($0 * blockCount / crew.worldSize * DeltaCodec.blockSize, count)
        }
        parts = zip(borders, borders.dropFirst()).map { $0..<$1 }
        values = .allocate(capacity: count)
        encoded = Self.allocate(codec.byteCount(of: count))
        let size = codec.bytes(of: parts[crew.rank]).count
        received = (0..<crew.worldSize).map { Self.allocate($0 == crew.rank ? 0 : size) }
    }

    /// MPI may yet write into the buffers of a sum that was given up: those are not freed.
    deinit {
        guard exchange == nil else {
            exchange?.abandon()
            return
        }
        values.deallocate()
        encoded.deallocate()
        for buffer in received { buffer.deallocate() }
    }

    private static func allocate(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        .allocate(byteCount: byteCount, alignment: 64)
    }

    /// Bytes that this rank sends.
    var sentByteCount: Int {
        let own = codec.bytes(of: parts[islands.crew.rank]).count
        return encoded.count - own + (islands.count - 1) * own
    }

    /// Lets the list set out.
    ///
    /// - Parameter channels: two numbers, of this fragment alone.
    func start(on channels: (parts: Int, sums: Int)) throws {
        let (crew, rank) = (islands.crew, islands.crew.rank)
        codec.encode(values, into: encoded)
        let peers = islands.peers
        exchange = try crew.exchange(
            on: channels.parts,
            sends: sends(peers) { self.bytes(of: parts[$0]) },
            receives: receives(peers) { self.received[$0] }
        ).then { [self] in
            add()
            return try crew.exchange(
                on: channels.sums,
                sends: sends(peers) { _ in self.bytes(of: parts[rank]) },
                receives: receives(peers) { self.bytes(of: parts[$0]) })
        }
    }

    /// Drives the messages on.
    func makeProgress() throws { _ = try exchange?.test() }

    /// Returns once `values` holds the sums.
    func finish() throws {
        try exchange?.wait()
        exchange = nil
        // What this rank has added is decoded too: so all islands have the same bits.
        codec.decode(encoded, into: values)
    }

    /// Adds this member's part in the order of the islands, and encodes the sum.
    private func add() {
        let rank = islands.crew.rank
        let own = GradientBuffer(rebasing: values[parts[rank]])
        // This island's part, as the others have it of theirs.
        let copy = bytes(of: parts[rank])
        for (position, member) in islands.crewRanks.enumerated() {
            codec.decode(member == rank ? copy : received[member], into: own, adds: position > 0)
        }
        codec.encode(own, into: copy)
    }

    private func bytes(of elements: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: encoded[codec.bytes(of: elements)])
    }

    private func sends(
        _ peers: [Int], _ bytes: (Int) -> UnsafeMutableRawBufferPointer
    ) -> [MessageToSend] {
        peers.map { MessageToSend(to: $0, UnsafeRawBufferPointer(bytes($0))) }
            .filter { !$0.bytes.isEmpty }
    }

    private func receives(
        _ peers: [Int], _ bytes: (Int) -> UnsafeMutableRawBufferPointer
    ) -> [MessageToReceive] {
        peers.map { MessageToReceive(from: $0, bytes($0)) }.filter { !$0.bytes.isEmpty }
    }
}
