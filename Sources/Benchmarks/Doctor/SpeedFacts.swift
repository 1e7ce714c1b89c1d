import Diagnostics
import JSON

/// The measured speeds as sums over the ranks, since they compute at the same time.
struct SpeedFacts: DoctorPart {
    package let ranks: [RankSpeed]
    package let allReduce: AllReduceSpeed?

    private var coreGFLOPS: Double { ranks.map(\.coreGFLOPS).min() ?? 0 }
    private var gflops: Double { ranks.reduce(0) { $0 + $1.gflops } }
    private var sgemmGFLOPS: Double { ranks.reduce(0) { $0 + $1.sgemmGFLOPS } }
    private var copyGBPerSecond: Double { ranks.reduce(0) { $0 + $1.copyGBPerSecond } }
    /// GFLOP/s of products in bfloat16 over all ranks; nil where a rank cannot compute in it.
    private var bfloat16GFLOPS: Double? {
        ranks.reduce(0) { sum, rank in
            guard let sum, let speed = rank.bfloat16GFLOPS else { return nil }
            return sum + speed
        }
    }

    /// The percentage of the peak that products reach, at most 100: a rank whose products are
    /// faster than its peak has that as its peak.
    private var percentOfPeak: Double { 100 * (sgemmGFLOPS / gflops) }

    package var title: String {
        ranks.count == 1 ? "Speed" : "Speed of all \(ranks.count) ranks at the same time"
    }

    package var lines: [DoctorLine] {
        [peakLine, sgemmLine, bfloat16Line, copyLine, allReduceLine]
    }

    private var peakLine: DoctorLine {
        let threadCount = ranks.reduce(0) { $0 + $1.threadCount }
        return DoctorLine(
            "FMA peak",
            "\(Quantity.number(coreGFLOPS)) GFLOP/s a core, \(Quantity.number(gflops)) on "
                + Quantity.count(threadCount, "thread"),
            "The most that fp32 arithmetic can reach here; no training is faster.")
    }

    private var sgemmLine: DoctorLine {
        // Two operations forward and four backward for each parameter and token.
        let perToken = 6 * Double(MachineFacts.exampleParameterCount)
        let tokens = Quantity.whole((sgemmGFLOPS * 1e9 / perToken).rounded(.down))
        return DoctorLine(
            "sgemm",
            "\(Quantity.number(sgemmGFLOPS)) GFLOP/s, \(Quantity.whole(percentOfPeak))% of the peak",
            "Matrix products of a GPT. GPT-2 124M cannot train faster than about "
                + "\(tokens) tokens/s here.")
    }

    private var bfloat16Line: DoctorLine {
        guard let bfloat16GFLOPS else {
            return DoctorLine(
                "bf16", "not measured",
                "This processor has no instructions for bf16: train in fp32.")
        }
        return DoctorLine(
            "bf16",
            "\(Quantity.number(bfloat16GFLOPS)) GFLOP/s, "
                + "\(Quantity.number(bfloat16GFLOPS / sgemmGFLOPS)) times sgemm",
            "Matrix products with train.precision: bf16.")
    }

    private var copyLine: DoctorLine {
        // AdamW reads four arrays and writes three, on every rank.
        let bytes = Double(28 * MachineFacts.exampleParameterCount * ranks.count)
        let milliseconds = bytes / copyGBPerSecond / 1e6
        return DoctorLine(
            "memory copy", "\(Quantity.number(copyGBPerSecond)) GB/s, read and written",
            "Sets the pace of AdamW and element-wise work: an update of GPT-2 124M takes "
                + "about \(Quantity.number(milliseconds)) ms.")
    }

    private var allReduceLine: DoctorLine {
        guard let allReduce else {
            return DoctorLine(
                "all-reduce", "not measured",
                "One rank has nobody to add gradients with; run the doctor under mpirun.")
        }
        let bytes = Double(4 * MachineFacts.exampleParameterCount)
        let milliseconds = bytes / allReduce.gbPerSecond / 1e6
        return DoctorLine(
            "all-reduce",
            "\(Quantity.number(allReduce.gbPerSecond)) GB/s "
                + "(\(Quantity.bytes(allReduce.byteCount)) in "
                + "\(Quantity.number(allReduce.seconds * 1e3)) ms)",
            "Adding up the gradients of GPT-2 124M takes about "
                + "\(Quantity.number(milliseconds)) ms a step, part of it during the backward pass."
        )
    }

    private static let leastScaling = 0.6
    private static let leastPercentOfPeak = 60.0
    private static let leastShareOfFastest = 0.75

    package var warnings: [String] {
        var warnings: [String] = []
        for (rank, speed) in ranks.enumerated()
        where speed.gflops < Self.leastScaling * speed.coreGFLOPS * Double(speed.threadCount) {
            warnings.append(
                "the \(Quantity.count(speed.threadCount, "thread")) of rank \(rank) reach "
                    + "\(Quantity.number(speed.gflops / speed.coreGFLOPS)) times the speed of "
                    + "one: other programs use the cores, or threads share them")
        }
        if percentOfPeak < Self.leastPercentOfPeak {
            warnings.append(
                "sgemm reaches only \(Quantity.whole(percentOfPeak))% of the peak: other programs use the "
                    + "cores, or the BLAS kernels do not fit the processor")
        }
        let fastest = ranks.map(\.sgemmGFLOPS).max() ?? 0
        for (rank, speed) in ranks.enumerated()
        where speed.sgemmGFLOPS < Self.leastShareOfFastest * fastest {
            warnings.append(
                "rank \(rank) on \(speed.host) computes at "
                    + "\(Quantity.whole((100 * speed.sgemmGFLOPS / fastest).rounded(.down)))% of the fastest rank's speed: "
                    + "all ranks wait for it in every step")
        }
        return warnings
    }

    package var json: [String: JSONValue] {
        [
            "speed": .object([
                "fma_core_gflops": .number(coreGFLOPS), "fma_gflops": .number(gflops),
                "sgemm_gflops": .number(sgemmGFLOPS),
                "sgemm_percent_of_peak": .number(percentOfPeak),
                "bf16_gflops": bfloat16GFLOPS.map(JSONValue.number) ?? .null,
                "copy_gb_per_second": .number(copyGBPerSecond),
            ]),
            "ranks": .array(ranks.map(\.json)), "all_reduce": allReduce?.json ?? .null,
        ]
    }
}

extension RankSpeed {
    fileprivate var json: JSONValue {
        .object([
            "host": .string(host), "threads": .integer(threadCount), "blas_core": .string(blasCore),
            "fma_core_gflops": .number(coreGFLOPS), "fma_gflops": .number(gflops),
            "sgemm_gflops": .number(sgemmGFLOPS),
            "bf16_gflops": bfloat16GFLOPS.map(JSONValue.number) ?? .null,
            "copy_gb_per_second": .number(copyGBPerSecond),
        ])
    }
}
