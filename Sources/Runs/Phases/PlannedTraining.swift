import Collectives
import Diagnostics
import Files
import Foundation
import Machine
import Models
import Tensors
import Training

/// A training whose recipe leaves nothing open, and what it will cost.
struct PlannedTraining {
    let recipe: Recipe
    let subject: PlannedTask
    let phase: TrainingPhase
    /// Bytes of the program before it loads anything.
    let ownBytes: Int

    private var communicator: any Communicator { phase.communicator }

    /// How much time a plan may take.
    enum Effort {
        /// `plan`, of which the seconds are all that is wanted.
        case patiently
        /// The start of a run: briefly, and not where the run may be over sooner.
        case briefly

        /// Seconds of measured steps at a number of layers.
        fileprivate var patience: Double { self == .patiently ? 2.5 : 0.8 }
        /// Seconds of a run from which on it is measured.
        fileprivate var shortestRun: Double { self == .patiently ? 0 : 30 }
    }

    /// Collective.
    ///
    /// - Parameter firstStep: at which the run goes on.
    func plan(measuring effort: Effort, firstStep: Int = 0) throws -> RunPlan {
        let task = subject.task
        let (size, facts, fitted) = try communicator.agree { try sized() }
        let rooms = try communicator.allGather([MemoryRoom.current])
        try MemoryCheck.run(size, over: communicator, RunLog.logger(rank: 1))
        let disk = try effort == .patiently ? diskSeconds(size) : nil
        let measurement = StepMeasurement(
            phase: phase, recipe: fitted, task: task, configuration: size.model,
            threadCount: Int(
                try communicator.allReduce([Int64(phase.compute.threadCount)], .minimum)[0]),
            patience: effort.patience)
        let isLong =
            measurement.usualSeconds(ofSteps: facts.stepCount - firstStep) >= effort.shortestRun
        let (step, watts) = try isLong ? measured(measurement) : (nil, nil)
        var plan = try basics(size, facts, step)
        (plan.firstStep, plan.watts) = (min(firstStep, facts.stepCount), watts)
        let node = communicator.hosts.ranks[0]
        let free = node.map { rooms[$0].nodeBytes }.min() ?? .max
        plan.roomBytes = free == .max ? nil : free + ownBytes * node.count
        plan.checkpointSeconds = disk
        return plan
    }

    /// How large the training is, what its data decide, and the recipe with the length that their
    /// longest example has: examples may be shorter than the recipe lets them be.
    private func sized() throws -> (TrainingSize, Facts, Recipe) {
        let task = subject.task
        let configuration = try task.configuration(recipe.training)
        let source = try task.source(recipe.training)
        let facts = Facts(
            windowCount: source.sequenceCount,
            validationCount: try task.validationLoss(recipe.training)?.sequenceCount ?? 0,
            stepCount: try recipe.train.stepCount(windowCount: source.sequenceCount))
        var fitted = recipe
        fitted.train.sequenceLength = source.sequenceLength
        var size = TrainingSize(
            fitted, configuration, try task.plan(recipe.training, configuration),
            isValidated: facts.validationCount > 0, communicator, nil)
        size.otherModelBytes = try task.otherModelBytes(recipe.training)
        return (size, facts, fitted)
    }

    /// What the data decide.
    private struct Facts {
        let windowCount: Int
        let validationCount: Int
        let stepCount: Int
    }

    /// The seconds of a step, and the power of all processors meanwhile, where they tell it.
    private func measured(_ measurement: StepMeasurement) throws -> (StepSeconds?, Double?) {
        let energy = communicator.localRank == 0 ? PackageEnergy() : nil
        let (counts, start) = (energy?.counts ?? [], ContinuousClock.now)
        let step = try measurement.run()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let own = energy.map { $0.joules(since: counts) / max(1e-3, seconds) }
        let sums = try communicator.allReduce([own ?? 0, own == nil ? 0 : 1], DoubleReduction.sum)
        return (step, sums[1] == Double(communicator.hosts.count) ? sums[0] : nil)
    }

    private func basics(
        _ size: TrainingSize, _ facts: Facts, _ step: StepSeconds?
    ) throws -> RunPlan {
        let (hosts, train) = (communicator.hosts, recipe.train)
        let needs = try (0..<communicator.worldSize).map { try size.need(ofRank: $0) }
        let nodes = try hosts.ranks.indices.map { try size.cost(ofNode: $0) }
        let stepCount = facts.stepCount
        let tokens =
            train.globalBatchSize * (size.train.sequenceLength ?? recipe.training.sequenceLength)
        let saves = CheckpointRoom.saves(
            after: 0, to: min(stepCount, train.stopAfterSteps ?? .max),
            every: recipe.checkpoint.everySteps)
        return RunPlan(
            title: recipe.name, size: size, model: size.model.summary,
            parameters: ParameterParts(size.plan, of: size.model),
            rankCount: communicator.worldSize, hostCount: hosts.count,
            threadsPerRank: phase.compute.threadCount, stepCount: stepCount,
            tokensPerStep: tokens,
            epochs: subject.task is RandomTask
                ? nil
                : Double(stepCount * train.globalBatchSize) / Double(max(1, facts.windowCount)),
            needs: needs, ownBytes: ownBytes,
            peakMemoryBytes: size.residentBytes(needs) + ownBytes,
            nodeMemoryBytes: (zip(nodes, hosts.ranks).map { $0.memory + ownBytes * $1.count }.max())
                ?? 0,
            roomBytes: nil, sentBytes: nodes.map(\.sentBytes).max() ?? 0, step: step,
            validationCount: validationCount(facts),
            validationSeconds: validationSeconds(step, facts),
            checkpointBytes: checkpointBytes(size), checkpointCount: saves,
            checkpointSeconds: nil, notes: subject.notes)
    }

    private func validationCount(_ facts: Facts) -> Int {
        guard facts.validationCount > 0 else { return 0 }
        let every = recipe.evaluate.everySteps
        return every > 0 ? (facts.stepCount + every - 1) / every : 1
    }

    /// A pass forward takes a third of one forward and backward.
    private func validationSeconds(_ step: StepSeconds?, _ facts: Facts) -> Double {
        (step?.compute ?? 0) / 3 * Double(facts.validationCount)
            / Double(recipe.train.globalBatchSize)
    }

    /// The weights that are saved, and the state of the optimizer.
    private func checkpointBytes(_ size: TrainingSize) -> Int {
        let layout = size.plan.layout(of: size.model)
        let saved = size.plan.lora == nil ? layout.flatCount : layout.trainedCount
        return 4 * saved + size.stateSize(layout, isStored: true)
    }

    /// The seconds in which the disk of the run takes a checkpoint; nil where nothing can be written.
    private func diskSeconds(_ size: TrainingSize) throws -> Double? {
        var folder = recipe.output
        while !folder.isEmpty, (try? DirectoryEntries.isFolder(folder)) != true {
            folder = folder.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
        }
        return try SaveTime.measure(
            checkpointBytes(size), recipe.checkpoint, threadCount: phase.compute.threadCount,
            in: folder.isEmpty ? "." : folder, over: communicator)?.seconds
    }
}
