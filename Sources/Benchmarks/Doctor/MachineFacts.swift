import Diagnostics
import Foundation
import JSON
import Machine

/// What the machine of the first rank has; facts that the system does not give are nil.
struct MachineFacts: DoctorPart {
    package let processor: String
    let onlineCores: Int
    let physicalCores: Int
    /// Threads that other programs kept busy when the doctor came.
    package let loadAverage: Double?
    /// Cores that this process may use, by its affinity.
    let allowedCores: Int
    /// Cores' worth of time that the container grants.
    package let containerCores: Double?
    package let nodeCount: Int
    let memoryBytes: Int
    package let availableBytes: Int
    package let containerBytes: Int?
    package let disk: FileSystemFacts?
    package let sharedMemory: FileSystemFacts?
    package let limits: ProcessLimits
    package let ranksHere: Int
    package let threadCount: Int

    /// GPT-2's smallest model, as a measure that people know.
    static let exampleParameterCount = 124_439_808
    /// fp32 weights, one gradient and AdamW's two moments.
    static let trainingBytesPerParameter = 16
    /// fp32 weights and AdamW's two moments.
    static let checkpointBytesPerParameter = 12

    package init(ranksHere: Int, threadCount: Int, allowedCores: Int) {
        processor = SystemFile.processorName
        onlineCores = ProcessorSet.onlineCount
        physicalCores = ProcessorMap.ofMachine.coreCount
        loadAverage = SystemFile.loadAverage
        self.allowedCores = allowedCores
        containerCores = SystemFile.containerCores
        nodeCount = ProcessorMap.ofMachine.domainCount
        let total = SystemFile.memory["MemTotal"] ?? 0
        memoryBytes = total
        availableBytes = SystemFile.availableBytes ?? 0
        containerBytes = SystemFile.containerBytes.flatMap { $0 < total ? $0 : nil }
        disk = FileSystemFacts(path: FileManager.default.currentDirectoryPath)
        sharedMemory = FileSystemFacts(path: "/dev/shm")
        limits = ProcessLimits.current
        self.ranksHere = ranksHere
        self.threadCount = threadCount
    }

    /// Memory that training can have: what is free, or the container's limit.
    package var usableBytes: Int { min(availableBytes, containerBytes ?? .max) }
}

extension MachineFacts {
    package var title: String { "Machine" }

    package var lines: [DoctorLine] {
        [coresLine, memoryLine]
            + [disk.map(diskLine), sharedMemory.map(sharedMemoryLine)]
            .compactMap { $0 } + limits.lines
    }

    private var coresLine: DoctorLine {
        let share =
            "\(Quantity.count(ranksHere, "rank")) of \(Quantity.count(threadCount, "thread")) "
            + "\(ranksHere == 1 ? "computes" : "compute") here"
        let nodes =
            nodeCount > 1
            ? "; start one rank per NUMA node, so that each keeps to its own memory" : ""
        let pairs =
            hasHardwareThreads
            ? "; two hardware threads share the arithmetic of a core, so one thread a core is enough"
            : ""
        return DoctorLine(
            "cores",
            "\(coreCount) in \(Quantity.count(nodeCount, "NUMA node")), \(processor)",
            "\(share)\(nodes)\(pairs).")
    }

    private var hasHardwareThreads: Bool { physicalCores < onlineCores }

    private var coreCount: String {
        guard hasHardwareThreads else { return "\(onlineCores)" }
        return "\(physicalCores) with \(onlineCores) hardware threads"
    }

    private var memoryLine: DoctorLine {
        let room = usableBytes / ranksHere / Self.trainingBytesPerParameter
        let limit = containerBytes.map { ", \(Quantity.bytes($0)) for this container" } ?? ""
        return DoctorLine(
            "memory",
            "\(Quantity.bytes(memoryBytes)), \(Quantity.bytes(availableBytes)) free\(limit)",
            "Each rank can hold up to \(Quantity.parameters(room)) parameters "
                + "(16 bytes each), less what activations need.")
    }

    private func diskLine(_ disk: FileSystemFacts) -> DoctorLine {
        let size = Self.exampleParameterCount * Self.checkpointBytesPerParameter
        return DoctorLine(
            "disk", "\(Quantity.bytes(disk.freeBytes)) free of \(Quantity.bytes(disk.totalBytes))",
            "Room here for \(disk.freeBytes / size) checkpoints of GPT-2 124M "
                + "(\(Quantity.bytes(size)) each); checkpoint.keep_last bounds them.")
    }

    private func sharedMemoryLine(_ memory: FileSystemFacts) -> DoctorLine {
        DoctorLine(
            "/dev/shm",
            "\(Quantity.bytes(memory.freeBytes)) free of \(Quantity.bytes(memory.totalBytes))",
            "Ranks on one machine exchange gradients through it.")
    }

    /// The share of the machine that may be busy, and the least bytes of memory, disk and shared
    /// memory: below those MPI or a run of a small model fails or comes close to it.
    private static let busyShare = 0.25
    private static let leastMemory = 1_000_000_000
    private static let leastDisk = 5_000_000_000
    private static let leastSharedMemory = 64_000_000

    package var warnings: [String] {
        var warnings: [String] = []
        if let loadAverage, loadAverage >= max(1, Self.busyShare * Double(onlineCores)) {
            warnings.append(
                "the load was \(Quantity.number(loadAverage)) in the last minute: other programs "
                    + "may have used the cores, and the speeds be higher without them")
        }
        if usableBytes < Self.leastMemory {
            warnings.append(
                "only \(Quantity.bytes(usableBytes)) of memory is free: end other programs")
        }
        if let disk, disk.freeBytes < Self.leastDisk {
            warnings.append(
                "only \(Quantity.bytes(disk.freeBytes)) of disk is free here: free some, or set "
                    + "output to another disk")
        }
        if let sharedMemory, sharedMemory.freeBytes < Self.leastSharedMemory {
            warnings.append(
                "/dev/shm is small: start the container with --shm-size=1g, or ranks on one "
                    + "machine may fail to talk")
        }
        if let containerCores, containerCores < Double(ranksHere * threadCount) {
            warnings.append(
                "the container grants \(Quantity.number(containerCores)) cores to "
                    + "\(ranksHere * threadCount) threads: set train.threads_per_rank, or raise "
                    + "the limit")
        }
        return warnings + limits.warnings
    }

    package var json: [String: JSONValue] {
        [
            "processor": .object([
                "name": .string(processor), "online_cores": .integer(onlineCores),
                "physical_cores": .integer(physicalCores),
                "load_average": loadAverage.map(JSONValue.number) ?? .null,
                "allowed_cores": .integer(allowedCores), "numa_nodes": .integer(nodeCount),
                "container_cores": containerCores.map(JSONValue.number) ?? .null,
            ]),
            "memory": .object([
                "total_bytes": .integer(memoryBytes), "available_bytes": .integer(availableBytes),
                "container_limit_bytes": containerBytes.map(JSONValue.integer) ?? .null,
            ]),
            "disk": disk?.json ?? .null, "shared_memory": sharedMemory?.json ?? .null,
            "limits": limits.json,
        ]
    }
}

extension FileSystemFacts {
    var json: JSONValue {
        .object([
            "path": .string(path), "total_bytes": .integer(totalBytes),
            "free_bytes": .integer(freeBytes),
        ])
    }
}
