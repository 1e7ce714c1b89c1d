/// The ways that one rank's messages take: where each part of a bucket goes, and comes from.
package struct SlicePlan: Sendable {
    /// Elements of a bucket for a peer, or from it.
    package struct Leg: Equatable, Sendable {
        package var peer: Int
        package var range: Range<Int>
    }

    private let rank: Int
    private let hosts: HostMap
    private let speakers: SliceSpeakers
    /// The parts of each bucket, as this rank's host sees them.
    private let parts: [[SpokenPart]]
    /// The other hosts, the next one first, so that no host is everyone's first.
    private let otherHosts: [Int]

    package init(_ buckets: GradientBuckets, hosts: HostMap, rank: Int) {
        (self.rank, self.hosts) = (rank, hosts)
        let speakers = SliceSpeakers(buckets, hosts: hosts)
        let host = hosts.host(of: rank)
        parts = buckets.map { speakers.parts(of: $0, on: host) }
        otherHosts = (1..<hosts.count).map { (host + $0) % hosts.count }
        self.speakers = speakers
    }

    /// The parts of `bucket` in which `rank`, one of this host, speaks for it, but for its own slice.
    package func duties(of rank: Int, in bucket: GradientBucket) -> [Leg] {
        parts[bucket.index].filter { $0.speaker == rank && $0.owner != rank }
            .map { Leg(peer: $0.owner, range: $0.range) }
    }

    /// The ranks of other hosts that speak for them in this rank's slice of `bucket`, host by host.
    package func speakers(in bucket: GradientBucket) -> [(host: Int, leg: Leg)] {
        guard let slice = bucket.slices.first(where: { $0.owner == rank }) else { return [] }
        return otherHosts.flatMap { host in
            speakers.parts(of: slice, in: bucket, on: host).map {
                (host, Leg(peer: $0.speaker, range: $0.range))
            }
        }
    }

    /// What the other ranks of this host own of `bucket`, or take for it from other hosts.
    func taken(of bucket: GradientBucket) -> [Leg] {
        parts[bucket.index].filter { $0.speaker != rank }
            .map { Leg(peer: $0.speaker, range: $0.range) }
    }

    /// The ranks of this host that speak for it in some part of `bucket`.
    func busyRanks(in bucket: GradientBucket) -> Set<Int> {
        Set(parts[bucket.index].map(\.speaker))
    }
}
