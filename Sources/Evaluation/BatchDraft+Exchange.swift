import Collectives
import Datasets

extension BatchDraft {
    /// The batch, for which the ranks send each other what they have read. Collective.
    package func completed(over communicator: any Communicator) throws -> TokenBatch {
        switch self {
        case .whole(let batch): batch
        case .scattered(let part): part.filled(with: try part.exchange(over: communicator))
        }
    }
}

extension ScatteredBatch {
    /// Far above those of gradients, which may be under way.
    private static let channel = 32_767

    /// Sends the parcels.
    ///
    /// - Returns: the tokens of all gaps, one after the other.
    fileprivate func exchange(over communicator: any Communicator) throws -> [Int32] {
        var received = [Int32](repeating: 0, count: gaps.reduce(0) { $0 + $1.tokenCount })
        let sent = parcels.flatMap(\.tokens)
        try received.withUnsafeMutableBytes { received in
            try sent.withUnsafeBytes { sent in
                var start = 0
                let sends = parcels.map { parcel in
                    let end = start + MemoryLayout<Int32>.size * parcel.tokens.count
                    defer { start = end }
                    return MessageToSend(
                        to: parcel.peer, UnsafeRawBufferPointer(rebasing: sent[start..<end]))
                }
                start = 0
                let receives = gaps.map { gap in
                    let end = start + MemoryLayout<Int32>.size * gap.tokenCount
                    defer { start = end }
                    return MessageToReceive(
                        from: gap.peer,
                        UnsafeMutableRawBufferPointer(rebasing: received[start..<end]))
                }
                try communicator.exchange(on: Self.channel, sends: sends, receives: receives)
                    .wait(driving: communicator.drive)
            }
        }
        return received
    }
}
