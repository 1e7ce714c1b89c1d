import Benchmarks
import DistributedRuns
import JSON
import Testing

/// The prediction of a step, held against sums by hand.
@Suite struct ScalingTests {
    /// A node of 4 ranks that computes 1 TFLOP/s, half of it in passes, and moves 100 GB/s.
    private var node: ClusterFigures {
        ClusterFigures(
            nodeCount: 1, ranksPerNode: 4, productRate: 1e12, passEfficiency: 0.5,
            memoryRate: 1e11, latency: 1e-4, linkRate: 1e9, overlap: 0)
    }

    private var work: StepWork {
        StepWork(
            parameterCount: 1 << 24, flopsPerToken: 1e8, tokenCount: 10_000,
            lastPassTokenCount: 500)
    }

    private func expectClose(_ value: Double, _ wanted: Double, _ what: Comment) {
        #expect(abs(value - wanted) <= 1e-12 + 1e-9 * wanted, what)
    }

    @Test func oneNodeComputesAddsAndUpdates() {
        let step = StepPrediction(work, on: node)
        expectClose(step.compute, 2, "10,000 tokens of 1e8 FLOP at 5e11")
        expectClose(step.node, 4 * 16_777_216 * 9 / 1e11, "4 reads, a write, 4 reads")
        expectClose(step.exposed, 0, "there is no network")
        expectClose(step.update, 28 * 16_777_216 / 1e11, "one copy of the weights")
        expectClose(step.total, step.compute + step.node + step.update, "all of it")
        var lonely = node
        lonely.ranksPerNode = 1
        #expect(StepPrediction(work, on: lonely).node == 0)
    }

    @Test func nodesShareTheWorkAndWaitForTheLink() {
        var cluster = node
        cluster.nodeCount = 4
        let step = StepPrediction(work, on: cluster)
        expectClose(step.compute, 0.5, "a quarter")
        // Gradients and sums, three quarters of 64 MB each; 4 buckets to 3 nodes by 4 speakers.
        let wanted = 2 * 0.75 * 67_108_864 / 1e9 + 2 * 4 * 3.0 / 4 * 1e-4
        expectClose(
            step.node, 67_108_864 * (9 + 1.25) / 1e11, "and of a quarter 4 reads and a write")
        expectClose(step.network, wanted, "alpha and beta")
        expectClose(step.exposed, wanted, "nothing hides it")
        cluster.overlap = 0.5
        // 500 tokens of 4 ranks at 5e11, two thirds of it backward: 0.27 s.
        let hidden = StepPrediction(work, on: cluster)
        expectClose(hidden.exposed, wanted / 2, "half of all")
        cluster.linkRate = 1e8
        let slow = StepPrediction(work, on: cluster)
        expectClose(slow.exposed, slow.network - 0.5 * 0.4 * 2 / 3, "half of the backward pass")
    }

    /// The table of tokens, a quarter, waits for the end of the backward pass, and the forward pass for it.
    @Test func shardedOptimizersSendParametersBesideTheForwardPass() {
        var (cluster, work) = (node, work)
        (cluster.nodeCount, cluster.latency, cluster.overlap) = (2, 0, 0.5)
        (work.isSharded, work.edgeShare) = (true, 0.25)
        let fast = StepPrediction(work, on: cluster)
        expectClose(fast.network, 67_108_864 / 1e9, "half of gradients and parameters")
        expectClose(fast.exposed, fast.network * (1 - 0.5 * 0.75), "half of three quarters")
        expectClose(fast.node, 67_108_864 * (5 + 1.5) / 1e11, "4 reads, a write; of half 3")
        expectClose(fast.update, 28 * 16_777_216 / 2 / 1e11, "half of the parameters")
        cluster.linkRate = 1e8
        let slow = StepPrediction(work, on: cluster)
        let passes = 0.75 * 0.4
        expectClose(
            slow.exposed, slow.network - 0.5 * (passes * 2 / 3 + passes / 3), "both passes")
        work.gradientSize = 2
        expectClose(
            StepPrediction(work, on: cluster).network, slow.network * 3 / 4, "parameters are whole")
    }

    @Test func halfTheBytesOfGradientsTakeHalfTheTime() {
        var (cluster, half) = (node, work)
        cluster.nodeCount = 2
        cluster.latency = 0
        half.gradientSize = 2
        let steps = [work, half].map { StepPrediction($0, on: cluster) }
        expectClose(steps[1].network * 2, steps[0].network, "bf16")
        half.copiesPerNode = 4
        expectClose(StepPrediction(half, on: cluster).update, 4 * steps[0].update, "a copy a rank")
    }

    @Test func theTableHasAllModelsLinksAndSizesAndScalesNoBetterThanPerfectly() throws {
        let table = try ScalingTable(node, coreCount: 2)
        #expect(table.rows.count == 3 * 3 * 10)
        for row in table.rows {
            let alone = table.rows.first {
                $0.model == row.model && $0.gigabits == row.gigabits && $0.nodeCount == 1
            }
            let perfect = (alone?.tokensPerSecond ?? 0) * Double(row.nodeCount)
            #expect(row.tokensPerSecond > 0 && row.tokensPerSecond <= perfect * 1.0001)
        }
        func speed(_ gigabits: Double) -> Double? {
            table.rows.first {
                $0.model == "1.5B" && $0.nodeCount == 64 && $0.gigabits == gigabits
            }?.tokensPerSecond
        }
        let (slow, fast) = try (#require(speed(10)), #require(speed(100)))
        #expect(slow < fast)
        #expect(table.lines.contains { $0.hasPrefix("7B, at least 4194304 tokens") })
    }
}

extension Jobs {
    @Suite struct ScalingBenchTests {
        /// How near a prediction comes is for a quiet machine and a model of a real size.
        @Test func benchPredictsTheStepThatItHasMeasured() async throws {
            let arguments =
                "bench --scaling --quick --layers 2 --heads 2 --width 32 --vocabulary-size 65 "
                + "--sequence-length 16 --steps 3 --threads-per-rank 1 --json"
            let run = try await DistributedRun.of(
                "swift-llm-train", arguments.split(separator: " ").map(String.init), ranks: 2,
                seconds: 180)
            #expect(run.exitCode == 0, "\(run.errors)")
            let json = try JSONValue(parsing: Array(run.output.utf8), at: "the output")
            let parts = ["compute", "node", "exposed", "update"].compactMap {
                json["predicted"]?[$0]?.double
            }
            let total = try #require(json["predicted"]?["total"]?.double)
            let measured = try #require(json["measured_seconds"]?.double)
            let error = try #require(json["error"]?.double)
            #expect(parts.count == 4 && parts.allSatisfy { $0 >= 0 })
            #expect(abs(parts.reduce(0, +) - total) < 1e-9)
            #expect(abs(total / measured - 1 - error) < 1e-9)
            #expect(json["link"] == .null)
            #expect(json["table"]?.array?.count == 90)
        }
    }
}
