/// A part of a slice, and the rank that speaks for a host in it: the one that adds what the host's
/// ranks have, sends it to the owner, and takes the sum for all of them.
package struct SpokenPart: Equatable, Sendable {
    package var owner: Int
    package var speaker: Int
    package var range: Range<Int>
}

/// The ranks that speak for the hosts: in its own slices the owner, in those of other hosts each rank
/// in turn.
///
/// In every round of the deal the foreign chunks of a host go run by run to its ranks; what does not
/// come out even is cut into equal pieces, of which those that are a chunk longer go round. Together
/// with its own slices no rank of a host speaks for more than a chunk above their mean.
package struct SliceSpeakers: Sendable {
    private let deal: SliceDeal
    private let parameterCount: Int
    private let hosts: HostMap
    /// The positions of each host's ranks in the dealing order, ascending.
    private let positions: [[Int]]

    package init(_ buckets: GradientBuckets, hosts: HostMap) {
        precondition(
            buckets.worldSize == hosts.worldSize,
            "expected hosts of \(buckets.worldSize) ranks, got \(hosts.worldSize)")
        let deal = buckets.deal
        (self.deal, self.hosts, parameterCount) = (deal, hosts, buckets.parameterCount)
        positions = hosts.ranks.map { ranks in ranks.map { deal.positions[$0] }.sorted() }
    }

    /// The parts of all slices of `bucket` as `host` sees them, in ascending order.
    package func parts(of bucket: GradientBucket, on host: Int) -> [SpokenPart] {
        bucket.slices.flatMap { parts(of: $0, in: bucket, on: host) }
    }

    /// The parts of a slice of `bucket` as `host` sees them, in ascending order; two of one speaker do
    /// not touch.
    package func parts(
        of slice: OwnedSlice, in bucket: GradientBucket, on host: Int
    ) -> [SpokenPart] {
        guard hosts.host(of: slice.owner) != host else {
            return [SpokenPart(owner: slice.owner, speaker: slice.owner, range: slice.range)]
        }
        guard positions[host].count > 1 else {
            return [
                SpokenPart(
                    owner: slice.owner, speaker: hosts.ranks[host][0], range: slice.range)
            ]
        }
        let round = deal.round(bucket.round)
        let slot = deal.positions[slice.owner]
        let chunks = round.chunks(inSlot: slot)
        let turns = turns(of: host, in: round)
        var parts: [SpokenPart] = []
        var start = foreignCount(of: host, beforeSlot: slot, in: round)
        if round.isWhole { start = turns.shifted(start, inRound: round.index) }
        var chunk = chunks.lowerBound
        while chunk < chunks.upperBound {
            let turn = turns.turn(of: start)
            let end = min(chunk + turn.end - start, chunks.upperBound)
            let speaker = deal.order[positions[host][turn.speaker]]
            let range = GradientBuckets.elements(chunk..<end, of: parameterCount)
            if let last = parts.last, last.speaker == speaker {
                parts[parts.count - 1].range = last.range.lowerBound..<range.upperBound
            } else {
                parts.append(SpokenPart(owner: slice.owner, speaker: speaker, range: range))
            }
            (start, chunk) = (start + end - chunk, end)
        }
        return parts
    }

    /// The chunks of other hosts in a round before a slot.
    private func foreignCount(
        of host: Int, beforeSlot slot: Int, in round: SliceDeal.Round
    ) -> Int {
        let own = positions[host].count(below: slot)
        let long = min(own, positions[host].count(below: round.longCount))
        return round.chunks(beforeSlot: slot) - own * round.share - long
    }

    private func turns(of host: Int, in round: SliceDeal.Round) -> SpeakerTurns {
        let speakerCount = positions[host].count
        func made(_ round: SliceDeal.Round, from first: Int) -> SpeakerTurns {
            SpeakerTurns(
                chunkCount: foreignCount(of: host, beforeSlot: round.slotCount, in: round),
                runLength: max(1, round.share), speakerCount: speakerCount, firstLong: first)
        }
        // The ranks that own a chunk more in the last round come first in the order.
        let last = deal.round(deal.roundCount - 1)
        let owners = positions[host].count(below: last.longCount)
        let each = made(deal.round(0), from: 0).longCount
        return made(round, from: (owners + round.index * each) % speakerCount)
    }
}

/// The turns in which the ranks of a host speak for the foreign chunks of one round.
private struct SpeakerTurns {
    private let chunkCount: Int
    /// The chunks that are dealt out in runs of equal length.
    private let dealtCount: Int
    private let runLength: Int
    private let speakerCount: Int
    /// The chunks of a piece of the rest at least.
    private let pieceLength: Int
    /// The pieces of the rest that are one chunk longer; they come first.
    let longCount: Int
    /// The speaker of the first piece.
    private let firstLong: Int

    init(chunkCount: Int, runLength: Int, speakerCount: Int, firstLong: Int) {
        (self.runLength, self.speakerCount) = (runLength, speakerCount)
        (self.chunkCount, self.firstLong) = (chunkCount, firstLong)
        let cycle = runLength * speakerCount
        dealtCount = chunkCount / cycle * cycle
        (pieceLength, longCount) = (chunkCount - dealtCount)
            .quotientAndRemainder(dividingBy: speakerCount)
    }

    /// The place of the foreign chunk `index` in a round: they move on from round to round, by whole runs
    /// and cycles, so that it is not always the same owners whose chunks are cut into pieces.
    func shifted(_ index: Int, inRound round: Int) -> Int {
        (index + round * runLength * speakerCount) % chunkCount
    }

    /// The speaker, by its number on the host, for the foreign chunk `index`, and the chunk at which
    /// its turn ends.
    func turn(of index: Int) -> (speaker: Int, end: Int) {
        guard index >= dealtCount else {
            let run = index / runLength
            return (run % speakerCount, (run + 1) * runLength)
        }
        let rest = index - dealtCount
        let longEnd = longCount * (pieceLength + 1)
        let piece =
            rest < longEnd
            ? rest / (pieceLength + 1) : longCount + (rest - longEnd) / pieceLength
        let end = (piece + 1) * pieceLength + min(piece + 1, longCount)
        return ((firstLong + piece) % speakerCount, dealtCount + end)
    }
}

extension [Int] {
    /// The number of elements below `value` of a list in ascending order.
    fileprivate func count(below value: Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
