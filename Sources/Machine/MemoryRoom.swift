import CHwloc
import Diagnostics
import Foundation

/// The memory that the processes of a node have, and can still have.
package struct MemoryRoom: Equatable, BitwiseCopyable {
    /// Bytes of this process that are in memory now.
    package var residentBytes: Int
    /// Bytes that this process may still map; as many as it wants where nothing limits it.
    package var processBytes: Int
    /// Bytes that all processes of the node may still take together.
    package var nodeBytes: Int
    /// Whether a container, not the machine, bounds the memory of the node.
    var isContainer: Bool

    /// The memory as it is now.
    package static var current: MemoryRoom {
        let own = SystemFile.ownMemory
        let limits = ProcessLimits.current
        let mapped = limits.addressSpaceBytes.map { $0 - (own["VmSize"] ?? 0) }
        let data = limits.dataBytes.map { $0 - (own["VmData"] ?? 0) }
        let machine = SystemFile.availableBytes.map { $0 + (SystemFile.memory["SwapFree"] ?? 0) }
        let container = SystemFile.containerFreeBytes
        return MemoryRoom(
            residentBytes: own["VmRSS"] ?? 0,
            processBytes: max(0, min(mapped ?? .max, data ?? .max)),
            nodeBytes: max(0, min(machine ?? .max, container ?? .max)),
            isContainer: (container ?? .max) < (machine ?? .max))
    }

    /// Gives memory back that was freed and that lies idle, before much is taken elsewhere.
    package static func releaseFree() { chwloc_release_free_memory() }

    /// The least that any rank of a node found: ranks measure at slightly different times, and all
    /// of them go by the same.
    package static func least(of rooms: [MemoryRoom]) -> MemoryRoom {
        MemoryRoom(
            residentBytes: rooms.map(\.residentBytes).max() ?? 0,
            processBytes: rooms.map(\.processBytes).min() ?? 0,
            nodeBytes: rooms.map(\.nodeBytes).min() ?? 0,
            isContainer: rooms.contains(where: \.isContainer))
    }

    /// The name of what bounds the memory of the node.
    package var nodeName: String { isContainer ? "the container" : "the machine" }
}

extension MemoryRoom {
    /// Throws a `Failure` where the weights of a model surely do not fit.
    ///
    /// - Parameters:
    ///   - byteCount: Of the weights.
    ///   - copyCount: Processes of this machine that load them at the same time.
    package func require(_ byteCount: Int, copyCount: Int, at path: String) throws {
        let isProcess = byteCount > processBytes
        guard isProcess || byteCount * copyCount > nodeBytes else { return }
        let place =
            isProcess ? "this process may still take (ulimit -v)" : "\(nodeName) has to spare"
        let copies = copyCount > 1 && !isProcess ? " for each of \(copyCount) ranks" : ""
        throw Failure(
            "this model needs more memory than there is",
            expected:
                "at most the \(Quantity.bytes(isProcess ? processBytes : nodeBytes)) that \(place)",
            got: "weights of \(Quantity.bytes(byteCount))\(copies)", at: path,
            remedy: (copies.isEmpty ? "" : "use fewer ranks, ")
                + "use a smaller model, end other programs"
                + (isProcess ? ", or raise the limit" : ""))
    }
}
