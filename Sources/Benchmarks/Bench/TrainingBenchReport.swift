import Diagnostics
import Foundation
import JSON
import Models
import Runs
import Tensors
import Training

/// The results of the measured steps, the same on all ranks.
struct MeasuredSteps {
    package let cost: ModelCost
    /// The loss of the last step.
    package let loss: Double
    /// The times of the measured steps.
    package let times: [StepTimes]
    /// The most bytes that each rank held after a step; the pool of tensors gives nothing back.
    package let proportionalBytes: [Int]
    /// The most bytes that each rank had at any time.
    package let residentBytes: [Int]
}

/// The speed of a training step and where its time goes.
package struct TrainingBenchReport: BenchReport {
    package let recipe: Recipe
    package let configuration: DecoderConfiguration
    let steps: MeasuredSteps
    package let worldSize: Int
    package let threadsPerRank: Int
    package let kernels: ComputeKernels
    let peaks: BenchPeaks

    package var step: StepTimes { steps.times.median }

    package var tokensInStep: Int { recipe.train.globalBatchSize * recipe.training.sequenceLength }
    package var tokensPerSecond: Double { Double(tokensInStep) / step.total }

    package var gflops: Double {
        steps.cost.trainingFLOPs(sequenceLength: recipe.training.sequenceLength) * tokensPerSecond
            / 1e9
    }

    /// The peak of products of the elements that the steps multiplied, in GFLOP/s.
    var gemmPeak: Double {
        recipe.training.multipliesBFloat16 ? peaks.bfloat16 ?? peaks.sgemm : peaks.sgemm
    }
}

extension TrainingBenchReport {
    package var text: String {
        ([heading, batch, products, ""] + speed + [""] + memory + ["", partsHeading] + parts)
            .joined(separator: "\n")
    }

    private var products: String { "products by \(kernels.description)" }

    private var heading: String {
        "GPT-2 of \(Quantity.parameters(steps.cost.parameterCount)) parameters ("
            + "\(Quantity.count(configuration.layerCount, "layer")), \(Quantity.count(configuration.headCount, "head")), "
            + "\(configuration.embeddingSize) wide, \(configuration.vocabularySize) tokens), "
            + "\(recipe.precisionInUse), \(Quantity.count(worldSize, "rank")) of "
            + Quantity.count(threadsPerRank, "thread")
    }

    private var batch: String {
        let microBatch = recipe.train.microBatchSize * worldSize
        let microSteps = recipe.train.globalBatchSize / microBatch
        return
            "a step: \(Quantity.count(recipe.train.globalBatchSize, "sequence")) of \(recipe.training.sequenceLength) "
            + "tokens over all ranks, \(Quantity.count(microSteps, "micro-step")); median of "
            + "\(Quantity.count(steps.times.count, "step")) after "
            + "\(TrainingBench.warmUpCount) to warm up"
    }

    private var speed: [String] {
        var table = TextTable()
        table.add("tokens a second, all ranks", Quantity.number(tokensPerSecond))
        table.add("milliseconds a step", Quantity.number(step.total * 1e3))
        table.add("GFLOP/s", Quantity.number(gflops))
        table.add(
            "of the FMA peak", (100 * gflops / peaks.fma).percent,
            "of \(Quantity.number(peaks.fma)) GFLOP/s")
        table.add(
            "of the speed of \(recipe.training.multipliesBFloat16 ? "bf16" : "fp32") products",
            (100 * gflops / gemmPeak).percent,
            "of \(Quantity.number(gemmPeak)) GFLOP/s")
        return table.lines
    }

    private var memory: [String] {
        var table = TextTable()
        let bytes = zip(steps.proportionalBytes, steps.residentBytes).enumerated()
        for (rank, (proportional, resident)) in bytes {
            table.add(
                "memory of rank \(rank)", "\(Quantity.bytes(proportional)) PSS",
                "\(Quantity.bytes(resident)) RSS at most")
        }
        if worldSize > 1 {
            table.add(
                "memory of all ranks",
                "\(Quantity.bytes(steps.proportionalBytes.reduce(0, +))) PSS")
        }
        return table.lines
    }

    private var partsHeading: String { "where the time of that step goes" }

    private var parts: [String] {
        var table = TextTable()
        for (part, seconds) in step.shares {
            table.add(
                part.title, "\((seconds * 1e3).formattedTo(1)) ms",
                (100 * seconds / step.total).percent)
        }
        table.add("in all", "\((step.total * 1e3).formattedTo(1)) ms", 100.0.percent)
        if worldSize > 1 {
            table.add(
                "communication, hidden (not in the sum)",
                "\((step.hiddenCommunication * 1e3).formattedTo(1)) ms")
        }
        return table.lines
    }
}
