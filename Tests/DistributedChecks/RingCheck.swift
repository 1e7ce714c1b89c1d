import Collectives
import Diagnostics
import Foundation
import Models
import TinyTrainings
import Training

/// Trains with gradients that lie in a ring, and with the same gradients that all have memory of their
/// own: the weights, the optimizer's state and the metrics have the same bits.
struct RingCheck {
    let communicator: any Communicator

    /// What a training is like.
    struct Kind {
        let name: String
        var maximumNorm = 1.0
        var isBroken = false
        var skippedSteps = 0
        var gradientType = NumberFormat.fp32
    }

    private static let kinds = [
        Kind(name: "clipped", maximumNorm: 0.01),
        Kind(name: "skipped", isBroken: true, skippedSteps: 1),
        Kind(name: "unlimited", maximumNorm: 0),
        Kind(name: "compact", gradientType: .bf16),
    ]

    func run() throws {
        for kind in Self.kinds {
            let whole = try train(kind, keepsSums: nil)
            let ring = try train(kind, keepsSums: true)
            try require(ring == whole, kind, "a ring")
            guard kind.maximumNorm == 0 else { continue }
            try require(try train(kind, keepsSums: false) == whole, kind, "no sums")
        }
        let failing = Kind(name: "failing", maximumNorm: 0, isBroken: true)
        let line = try train(failing, keepsSums: nil).failure
        try require(line?.contains("the training diverged") == true, failing, "whole lists")
        try require(try train(failing, keepsSums: false).failure == line, failing, "no sums")
    }

    private func require(_ holds: Bool, _ kind: Kind, _ with: String) throws {
        guard try communicator.allReduce([holds ? 1 : 0], .minimum)[0] == 1 else {
            throw Failure("\(kind.name): with \(with) other bits", got: "\(communicator.hosts)")
        }
    }

    /// What a training leaves on this rank.
    private struct Trace: Equatable {
        var weights: UInt64
        var moments: [UInt64]
        /// Rank 0 has all lines but their times.
        var losses: [String]
        /// The line of the failure in which the training ends.
        var failure: String?
    }

    /// - Parameter keepsSums: nil gives all gradients memory of their own.
    private func train(_ kind: Kind, keepsSums: Bool?) throws -> Trace {
        var options = OptimizerOptions()
        options.maximumGradientNorm = kind.maximumNorm
        var training = try TinyTraining(
            embeddingSize: 128, layerCount: 8, options,
            ring: keepsSums.map { keepsSums in
                { GradientRing(blocks: $0, of: $1, slack: 1, keepsSums: keepsSums) }
            }, over: communicator)
        training.gradientType = kind.gradientType
        guard (training.ring != nil) == (keepsSums != nil) else {
            throw Failure("the blocks do not lie as they should")
        }
        let objective = BrokenObjective(
            model: training.model, brokenSteps: kind.isBroken ? [1] : [], gradientScale: .nan)
        var failure: String?
        do {
            _ = try training.train(
                on: objective, steps: 3, maximumSkippedSteps: kind.skippedSteps,
                over: communicator)
        } catch let error as AgreedFailure {
            failure = error.failure.line
        }
        let trace = Trace(
            weights: hash(training.model.parameters.values.array),
            moments: training.optimizer.state.lists.map { hash($0.array) },
            losses: try losses(of: training), failure: failure)
        try communicator.barrier()
        try training.release()
        return trace
    }

    private func hash(_ values: [Float]) -> UInt64 {
        values.withUnsafeBufferPointer { ReductionCheck.hash($0, 0) }
    }

    private func losses(of training: TinyTraining) throws -> [String] {
        guard communicator.rank == 0 else { return [] }
        return try training.folder.text("metrics.jsonl").split(separator: "\n").map { line in
            let words = line.split(separator: ",")
            return words.filter { $0.contains("loss") || $0.contains("norm") }.joined()
        }
    }
}

extension Checks {
    /// `gradient-ring one|halves|others`: on one host, on two that have neighbouring ranks, or on two that
    /// have every other one.
    func gradientRing() throws -> Int32 {
        let labels: [String: (Int) -> Int] = [
            "one": { _ in 0 }, "halves": { 2 * $0 / worldSize }, "others": { $0 % 2 },
        ]
        guard let communicator = communicator as? MPICommunicator,
            let label = labels[arguments[1]]
        else { return 1 }
        let hosts = HostMap(labels: (0..<worldSize).map(label))
        try RingCheck(communicator: PlayedHosts(communicator, hosts: hosts)).run()
        printOnce("ring")
        return 0
    }
}
