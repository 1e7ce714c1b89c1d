import Benchmarks
import Collectives
import DistributedRuns
import Foundation
import JSON
import Models
import Runs
import Tensors
import Testing
import Training

extension Jobs {
    /// What `bench` tells, whatever the machine's speed is.
    @Suite struct BenchTests {
        private static let small =
            "bench --quick --layers 2 --heads 2 --width 32 --vocabulary-size 65 "
            + "--sequence-length 16 --steps 3 --threads-per-rank 1"

        private func run(_ arguments: String, ranks: Int? = nil) async throws -> DistributedRun {
            try await DistributedRun.of(
                "swift-llm-train", arguments.split(separator: " ").map(String.init), ranks: ranks,
                seconds: 180)
        }

        private func json(_ arguments: String, ranks: Int? = nil) async throws -> JSONValue {
            let run = try await run(arguments + " --json", ranks: ranks)
            #expect(run.exitCode == 0, "\(run.errors)")
            return try JSONValue(parsing: Array(run.output.utf8), at: "the output")
        }

        private func number(_ json: JSONValue, _ path: String) -> Double {
            path.split(separator: ".").reduce(json) { $0[String($1)] ?? .null }.double ?? .nan
        }

        /// A part is measured by another clock than its sum.
        private static let rounding = 1e-9

        private func expectSums(_ json: JSONValue, tokensInStep: Double) throws {
            let parts = try #require(json["seconds"]?.object)
            #expect(
                parts.keys.sorted() == [
                    "attention", "communication_exposed", "cross_entropy", "data", "elementwise",
                    "matmul", "optimizer", "rest", "total",
                ])
            let seconds = parts.compactMapValues(\.double)
            let total = try #require(seconds["total"])
            let sum = seconds.filter { $0.key != "total" }.values.reduce(0, +)
            #expect(abs(sum - total) <= Self.rounding)
            #expect(seconds.values.allSatisfy { $0 >= -Self.rounding }, "\(seconds)")
            #expect((seconds["matmul"] ?? 0) > 0 && (seconds["optimizer"] ?? 0) > 0)

            let steps = (json["step_seconds"]?.array ?? []).compactMap(\.double)
            #expect(steps.count == 3 && steps.sorted()[1] == total)
            #expect(abs(number(json, "tokens_per_second") * total / tokensInStep - 1) < 1e-9)
            let flops = number(json, "model.flops_per_token")
            #expect(abs(number(json, "gflops") * total / flops / tokensInStep * 1e9 - 1) < 1e-9)
            // Random tokens cannot be learned: the loss stays that of chance, ln 65.
            #expect(abs(number(json, "loss") - log(65)) < 0.2)
        }

        @Test func partsOfAStepAddUp() async throws {
            let json = try await json(Self.small + " --micro-batch-size 3")
            try expectSums(json, tokensInStep: 3 * 16)
            #expect(number(json, "seconds.communication_exposed") == 0)
            #expect(json["world_size"] == .integer(1))
            // wte and wpe, two blocks of 12 C² + 13 C, the last norm.
            let parameters = 65 * 32 + 1024 * 32 + 2 * (12 * 32 * 32 + 13 * 32) + 64
            #expect(json["model"]?["parameters"] == .integer(parameters))
            #expect(
                number(json, "model.flops_per_token")
                    == Double(6 * (parameters - 1024 * 32) + 12 * 2 * 32 * 16))
        }

        @Test func twoRanksShareTheBatch() async throws {
            let json = try await json(
                Self.small + " --micro-batch-size 4 --accumulate 3", ranks: 2)
            try expectSums(json, tokensInStep: 12 * 16)
            #expect(number(json, "seconds.communication_exposed") > 0)
            #expect(json["train"]?["micro_batch_size"] == .integer(2))
            #expect(json["train"]?["global_batch_size"] == .integer(12))
            let bytes = (json["memory"]?["pss_bytes"]?.array ?? []).compactMap(\.integer)
            #expect(bytes.count == 2 && bytes.allSatisfy { $0 > 1 << 20 })
            #expect(
                json["memory"]?["pss_bytes_of_all_ranks"] == .integer(bytes.reduce(0, +)))
        }

        private static let mediumModel =
            "bench --quick --width 512 --heads 8 --layers 6 --vocabulary-size 4096 "
            + "--sequence-length 64 --steps 1 --threads-per-rank 1 "

        /// Of `mediumModel`, on ranks of one node, each with one sequence.
        private func mediumSize(ranks: Int = 2) -> TrainingSize {
            var train = TrainOptions()
            (train.globalBatchSize, train.microBatchSize, train.sequenceLength) = (ranks, 1, 64)
            return TrainingSize(
                model: .gpt2(
                    vocabularySize: 4096, contextLength: 1024, embeddingSize: 512, layerCount: 6,
                    headCount: 8, dropoutRate: 0),
                plan: ParameterPlan(), train: train, laneCount: ranks,
                hosts: HostMap(labels: Array(repeating: 0, count: ranks)), roundsWeights: false,
                isValidated: false,
                checkpoint: nil)
        }

        /// With the program and its libraries in each rank.
        private func expectMemory(
            _ json: JSONValue, of size: TrainingSize
        ) throws {
            // Pages of the libraries, which all ranks map, count once.
            let (base, tolerance) = (120e6, 0.15)
            let bytes = number(json, "memory.pss_bytes_of_all_ranks")
            let wanted = Double(try size.cost(ofNode: 0).memory) + base
            #expect(abs(bytes - wanted) < tolerance * wanted, "\(bytes) for \(wanted)")
        }

        /// With whole lists of gradients, and with rings.
        @Test(arguments: [("none", 2), ("zero1", 2), ("zero1", 4)])
        func theMemoryOfANodeIsThatOfTheFormula(sharding: String, ranks: Int) async throws {
            let json = try await json(
                Self.mediumModel
                    + "--micro-batch-size \(ranks) --optimizer-sharding \(sharding)",
                ranks: ranks)
            var size = mediumSize(ranks: ranks)
            size.train.optimizerSharding = sharding == "zero1" ? .zero1 : .none
            #expect((size.gradientRing != nil) == (sharding == "zero1"))
            try expectMemory(json, of: size)
        }

        /// After the last step all of the weights are under way.
        @Test func theMemoryOfTwoIslandsOnANodeIsThatOfTheFormula() async throws {
            let json = try await json(
                Self.mediumModel
                    + "--micro-batch-size 2 train.islands=2 outer.every_steps=2 outer.fragments=1 "
                    + "outer.delay_steps=1", ranks: 2)
            var size = mediumSize()
            (size.train.globalBatchSize, size.train.islands) = (1, 2)
            (size.laneCount, size.hosts) = (1, HostMap(labels: [0]))
            (size.outer.fragmentCount, size.islandsHere) = (1, 0..<2)
            try expectMemory(json, of: size)
        }

        @Test func sharingTheOptimizerTakesNothingTwice() async throws {
            let json = try await json(
                Self.small + " --optimizer-sharding zero1 --gradient-dtype bf16", ranks: 2)
            try expectSums(json, tokensInStep: 4 * 16)
            #expect(json["train"]?["optimizer_sharding"] == .string("zero1"))
            #expect(number(json, "hidden_communication_seconds") >= 0)
        }

        /// Where the processor has no bf16 the same steps are computed in fp32.
        @Test func bfloat16IsMeasuredLikeFloats() async throws {
            let step = try await json(Self.small + " --precision bf16 --micro-batch-size 3")
            try expectSums(step, tokensInStep: 3 * 16)
            #expect(step["multiplies_bf16"] == .boolean(ComputeKernels.hasBFloat16))
            #expect(number(step, "gemm_gflops") > 0)
        }

        @Test func reportFitsATerminal() async throws {
            let run = try await run(Self.small, ranks: 2)
            #expect(run.exitCode == 0, "\(run.errors)")
            let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.allSatisfy { $0.count <= 120 })
            #expect(lines.count <= 30)
            let shares = lines.filter { $0.contains(" ms ") && $0.hasSuffix(" %") }
            #expect(Set(shares.map(\.count)).count == 1, "columns that do not stand in line")
        }

        @Test func generationTellsPromptDecodeAndLimit() async throws {
            let json = try await json(
                "bench --generate --quick --preset gpt2-nano --vocabulary-size 65 "
                    + "--prompt-length 8 --tokens 4")
            #expect(
                abs(number(json, "prompt_tokens_per_second") * number(json, "prompt_seconds") - 8)
                    < 1e-9)
            #expect(
                abs(number(json, "decode_tokens_per_second") * number(json, "decode_seconds") - 4)
                    < 1e-9)
            #expect(
                abs(number(json, "sample_tokens_per_second") * number(json, "sample_seconds") - 4)
                    < 1e-9)
            // Of widths of 48 and 192 only rows of 192 can be packed.
            let weights = 65 * 48 + 3 * 12 * 48 * 48
            let packed = 3 * 4 * 48 * 48
            let saved = Double(4 * weights) - number(json, "weight_bytes")
            #expect(saved > 0.11 * Double(4 * packed) && saved < 0.125 * Double(4 * packed))
        }

        @Test(arguments: [("f32", 4.0), ("bf16", 2.0), ("q8", 34.0 / 32)])
        func theCacheTakesTheBytesOfItsFormat(format: String, bytes: Double) async throws {
            let json = try await json(
                "bench --generate --quick --preset gpt2-nano --width 64 --heads 2 "
                    + "--vocabulary-size 65 --prompt-length 8 --tokens 4 --streams 3 "
                    + "--cache \(format)")
            #expect(json["cache"] == .string(format))
            let numbers = Double(3 * 2 * 12 * 3 * 64)
            #expect(number(json, "cache_bytes") == bytes * numbers)
        }

        @Test func allReduceStandsBesideTheLibrarys() async throws {
            let json = try await json("bench --all-reduce --megabytes 3", ranks: 3)
            let rows = json["buckets"]?.array ?? []
            #expect(rows.compactMap { $0["bucket_megabytes"]?.integer } == [1, 2, 3])
            for row in rows {
                let ratio = number(row, "mpi_all_reduce_seconds") / number(row, "seconds")
                #expect(abs(number(row, "ratio") / ratio - 1) < 1e-9)
                #expect(number(row, "gb_per_second") > 0)
            }
        }

        @Test(arguments: [
            (
                "--precision fp8",
                "--precision: expected one of fp32, bf16, got \"fp8\""
            ),
            ("--steps 0", "--steps: expected an integer of at least 1, got 0"),
            ("--accumulate x", "--accumulate: expected an integer of at least 1, got \"x\""),
            (
                "--generate --steps 3",
                "--steps does not apply to --generate; leave it out; see --help"
            ),
            (
                "--tokens 3",
                "--tokens does not apply to a training step; leave it out; see --help"
            ),
            (
                "--generate --all-reduce",
                "--generate and --all-reduce: expected one measurement, got two; run bench once "
                    + "for each"
            ),
            (
                "--all-reduce",
                "--all-reduce adds over ranks: expected at least 2 ranks, got 1; start it with "
                    + "mpirun -n 2"
            ),
            (
                "--sequence-length 2000",
                "train.sequence_length is larger than model.context_length: expected at most "
                    + "1024, got 2000; lower the one or raise the other"
            ),
            (
                "train.micro_batch_size=3",
                "train.micro_batch_size is settled by flags: got train.micro_batch_size=3; use "
                    + "--micro-batch-size, --accumulate and --steps"
            ),
            (
                "--generate --prompt-length 1000 --tokens 100",
                "--prompt-length and --tokens are more than the model sees: expected at most "
                    + "1024 together, got 1100; lower one of them"
            ),
        ])
        func wrongInputsExit64WithOneLine(arguments: String, line: String) async throws {
            let run = try await run("bench " + arguments)
            #expect(run.errors == "swift-llm-train: " + line + "\n")
            #expect(run.exitCode == 64)
        }

        @Test func aBatchThatTheRanksCannotShareIsRefused() async throws {
            let run = try await run("bench --micro-batch-size 3", ranks: 2)
            #expect(run.exitCode == 64)
            #expect(
                run.messages == [
                    "swift-llm-train: --micro-batch-size counts the sequences of all ranks: "
                        + "expected a multiple of 2, got 3; use 4, which is 2 a rank"
                ])
        }

        @Test func trainingStepCostsWhatPapersCount() {
            let configuration = ModelPreset.gpt2Small.configuration(vocabularySize: 50_304)
            let cost = ModelCost(configuration, parameterCount: 124_475_904)
            #expect(cost.multiplyingCount == 123_689_472)
            #expect(cost.trainingFLOPs(sequenceLength: 256) == 770_448_384)
        }
    }
}
