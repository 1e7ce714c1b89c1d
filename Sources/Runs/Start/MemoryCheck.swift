import Collectives
import Diagnostics
import Logging
import Machine
import Tensors
import Training

/// Whether a training fits into the memory of the nodes, known before any of it is taken.
package struct MemoryCheck {
    package let size: TrainingSize
    /// The ranks of each node.
    package let hosts: HostMap
    package let rank: Int
    package let room: MemoryRoom

    /// Checks the memory of all nodes; all ranks go on, or none. Collective.
    ///
    /// - Throws: `AgreedFailure` where a node has less memory than its ranks are sure to need.
    package static func run(
        _ size: TrainingSize, over communicator: any Communicator, _ logger: Logger
    ) throws {
        let rooms = try communicator.allGather([MemoryRoom.current])
        let (hosts, rank) = (communicator.hosts, communicator.rank)
        let check = MemoryCheck(
            size: size, hosts: hosts, rank: rank,
            room: MemoryRoom.least(of: hosts.neighbours(of: rank).map { rooms[$0] }))
        let line = try communicator.agree { try check.run() }
        logger.info("\(line)")
    }

    /// The line for the log.
    package func run() throws -> String {
        let need = try need(of: size, on: hosts.neighbours(of: rank))
        guard !fits(need) else {
            let count = rankCount
            let (needed, had) = (
                need.node + count * room.residentBytes,
                Quantity.bytes(saturated: room.nodeBytes, plus: count * room.residentBytes)
            )
            return "memory: needs about \(Quantity.bytes(needed))"
                + (count > 1 ? " for \(count) ranks" : "") + ", \(room.nodeName) has \(had)"
        }
        throw try failure(need)
    }

    /// The bytes that the ranks of a node need beside what they have taken.
    private struct NodeNeed {
        /// The bytes of all ranks together.
        var node = 0
        /// The most bytes that one rank maps, with the memory that others share with it.
        var process = 0
        /// The need of the rank that needs most.
        var largest = TrainingNeed()
    }

    /// The ranks of this node, on all its islands.
    private var rankCount: Int { hosts.neighbours(of: rank).count * size.islandsHere.count }

    private func need(of size: TrainingSize, on ranks: [Int]) throws -> NodeNeed {
        var need = NodeNeed()
        for needs in try size.needs(ofRanks: ranks) {
            let shared = size.sharesMemory ? needs.map(\.shared) : needs.map { _ in 0 }
            need.node += needs.reduce(0) { $0 + $1.total }
            for (own, part) in zip(needs, shared) {
                need.process = max(need.process, own.total + shared.reduce(0, +) - part)
                if own.total > need.largest.total { need.largest = own }
            }
        }
        return need
    }

    private func fits(_ need: NodeNeed) -> Bool {
        need.node <= room.nodeBytes && need.process <= room.processBytes
    }

    private func failure(_ need: NodeNeed) throws -> Failure {
        let isProcess = need.process > room.processBytes
        let (needed, had, place) =
            isProcess
            ? (need.process, room.processBytes, "a process may still take (ulimit -v)")
            : (need.node, room.nodeBytes, "\(room.nodeName) has to spare")
        let count = rankCount
        let parts = need.largest.parts.map { "\($0.name) \(Quantity.bytes($0.byteCount))" }
        let whose = count > 1 ? "; of its \(count) ranks the largest has " : ": "
        let fitting = try remedies()
        let more = isProcess ? "raise the limit" : "use a machine with more memory"
        return Failure(
            "this training needs more memory than there is",
            expected: "at most the \(Quantity.bytes(had)) that \(place)",
            got: "about \(Quantity.bytes(needed))" + whose + parts.joined(separator: ", "),
            remedy: fitting.isEmpty
                ? FailureText("take a smaller model, or \(more)")
                : "it fits with " + fitting.joined(separator: ", or with ") + "; or \(more)")
    }

    /// The changes that make it fit, of which each is enough; where none is, what is enough together.
    private func remedies() throws -> [FailureText] {
        let changes = try [
            smallerMicroBatch,
            Change("\(key: "train.recompute")=blocks", isFree: true) {
                $0.train.recompute = .blocks
            },
            size.worldSize > 1
                ? Change("\(key: "train.optimizer_sharding")=zero1", isFree: true) {
                    $0.train.optimizerSharding = .zero1
                } : nil,
            updateAtOnce,
            ComputeKernels.hasBFloat16
                ? Change("\(key: "train.precision")=bf16") { $0.roundsWeights = true } : nil,
        ].compactMap { $0 }
        let single = try changes.filter { try fits($0.apply) }.map(\.name)
        guard single.isEmpty else { return try single + [fewerRanks()].compactMap { $0 } }
        if let fewer = try fewerRanks() { return [fewer] }
        let together =
            [
                Change("\(key: "train.micro_batch_size")=1") { $0.train.microBatchSize = 1 }
            ].filter { _ in size.train.microBatchSize > 1 } + changes.filter { $0.isFree }
        let all = try fits { size in for change in together { change.apply(&size) } }
        return all ? [together.map(\.name).joined(separator: " ")] : []
    }

    /// A change of the recipe.
    private struct Change {
        let name: FailureText
        let apply: (inout TrainingSize) -> Void
        /// Whether the change gives the same result.
        let isFree: Bool

        init(
            _ name: FailureText, isFree: Bool = false,
            _ apply: @escaping (inout TrainingSize) -> Void
        ) {
            (self.name, self.isFree, self.apply) = (name, isFree, apply)
        }
    }

    private func fits(_ change: (inout TrainingSize) -> Void) throws -> Bool {
        var changed = size
        change(&changed)
        return fits(try need(of: changed, on: hosts.neighbours(of: rank)))
    }

    /// Sums of gradients in a ring that are not kept, nil where there are none.
    private var updateAtOnce: Change? {
        guard size.gradientRing?.keepsSums == true else { return nil }
        let (norm, skipped) = ("optimizer.maximum_gradient_norm", "train.maximum_skipped_steps")
        return Change("\(key: norm)=0 \(key: skipped)=0") {
            ($0.limitsNorm, $0.train.maximumSkippedSteps) = (false, 0)
        }
    }

    /// The largest half, quarter, ... of the micro-batch that fits.
    private var smallerMicroBatch: Change? {
        get throws {
            var count = size.train.microBatchSize / 2
            while count >= 1 {
                let own = count
                let change = Change("\(key: "train.micro_batch_size")=\(own)") {
                    $0.train.microBatchSize = own
                }
                if try fits(change.apply) { return change }
                count /= 2
            }
            return nil
        }
    }

    /// The number of ranks that fits, in words; nil where there are several nodes or
    /// islands, or no number of ranks fits.
    private func fewerRanks() throws -> FailureText? {
        guard hosts.count == 1, size.train.islands == 1 else { return nil }
        let count = try (1..<size.worldSize).reversed().first { count in
            var changed = size
            changed.hosts = HostMap(labels: Array(repeating: 0, count: count))
            return fits(try need(of: changed, on: Array(0..<count)))
        }
        return count.map { "\(Quantity.count($0, "rank"))" }
    }
}

extension Quantity {
    /// A sum that may be as much as anybody wants.
    fileprivate static func bytes(saturated count: Int, plus more: Int) -> String {
        let (sum, overflow) = count.addingReportingOverflow(more)
        return overflow || sum == .max ? "no limit" : bytes(sum)
    }
}
