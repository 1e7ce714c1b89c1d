/// Brings slices from their owners to all hosts: each owner sends its own to those who speak for the
/// other hosts in it, and the ranks of a host tell each other.
final class HostGather {
    private let plan: SlicePlan
    private let signals: HostSignals
    private let hosts: HostMap
    private let wire: any GradientWire
    private let communicator: any Communicator

    init(
        _ plan: SlicePlan, _ signals: HostSignals, hosts: HostMap,
        wire: any GradientWire = FloatWire(), over communicator: any Communicator
    ) {
        (self.plan, self.signals, self.hosts, self.wire) = (plan, signals, hosts, wire)
        self.communicator = communicator
    }

    /// Starts to bring the slices of `bucket` to the lists of this host's ranks: afterwards each rank's
    /// `list` has what it owns or receives for its host.
    ///
    /// - Parameter received: called for each part that this rank has received, before others of its host
    ///   hear of it.
    func start(
        _ bucket: GradientBucket, in list: GradientBuffer,
        received: @escaping (Range<Int>) -> Void = { _ in }
    ) throws -> PendingExchange {
        let rank = communicator.rank
        if hosts.count > 1 { wire.round(GradientBuffer(rebasing: list[bucket.slice(of: rank)])) }
        let duties = plan.duties(of: rank, in: bucket)
        let exchange = try wire.exchange(
            on: bucket.gatherChannel,
            sends: plan.speakers(in: bucket).map { GradientMessage($0.leg, in: list) },
            receives: duties.map { GradientMessage($0, in: list) }, over: communicator)
        return try exchange.then { [plan, signals] in
            for leg in duties { received(leg.range) }
            let busy = plan.busyRanks(in: bucket)
            return signals.tell(
                isSpeaking: busy.contains(rank), isListening: true, to: busy.count,
                on: bucket.gatherChannel)
        }
    }
}

extension GradientMessage {
    /// The elements of `leg` in a flat list.
    init(_ leg: SlicePlan.Leg, in list: GradientBuffer) {
        self.init(peer: leg.peer, values: GradientBuffer(rebasing: list[leg.range]))
    }
}
