import Foundation
import JSON
import Testing

extension Jobs {
    /// Classifiers, and what they keep of the model that they were.
    @Suite struct FineTunedClassifierTests {
        private static let checkpoint = "tuned/finetune/checkpoints/latest"

        private func report(_ output: String) throws -> JSONValue {
            let line = try #require(output.split(separator: "\n").last)
            return try JSONValue(parsing: Array(line.utf8), at: "report")
        }

        /// Beside the head; nil where adapters are trained.
        private static let changed: [(trained: String, isChanged: (@Sendable (String) -> Bool)?)] =
            [
                ("head", { _ in false }),
                ("last_blocks", { $0.contains(".h.1.") || $0.contains(".ln_f.") }),
                ("all", { _ in true }),
                ("lora", nil),
            ]

        @Test func whatIsTrainedChangesAndTheRestStays() async throws {
            let workspace = try await Workspace.withBase()
            for (trained, isChanged) in Self.changed {
                let run = try await workspace.succeed(
                    "finetune --config tune.yaml output=\(trained) finetune.trained=\(trained) "
                        + Workspace.classification + "finetune.test_fraction=0.1", ranks: 2)
                #expect(run.output.contains("validation: accuracy "), "\(trained)")
                #expect(try report(run.output)["texts"]?.integer == 4)
                let model = "\(trained)/finetune/checkpoints/latest"
                let classified = try await workspace.succeed(
                    "classify --model \(model) --text sweet --json")
                #expect(try report(classified.output)["probabilities"]?["calm"]?.double != nil)

                guard let isChanged else { continue }
                let changes = try workspace.changes(from: "base/checkpoints/latest", to: model)
                let names = Set(try workspace.tensors(model).keys).subtracting(["score.weight"])
                #expect(changes == names.filter(isChanged), "\(trained)")
            }
        }

        private static let packed = "finetune.packing=isolated "

        /// Keeps the last word of each text, so that several fit into a sequence.
        private func shortenTexts(_ workspace: Workspace) throws {
            let lines = String(decoding: try workspace.bytes("texts.tsv"), as: UTF8.self)
                .split(separator: "\n").compactMap { line in
                    line.split(separator: " ").last.map { "\(line.prefix { $0 != "\t" })\t\($0)" }
                }
            try workspace.write(lines.joined(separator: "\n"), to: "texts.tsv")
        }

        @Test(arguments: [("lora", ""), ("all", ""), ("lora", packed)])
        func weightedClassesHaveTheSameBitsOnAnyNumberOfRanks(
            trained: String, more: String
        ) async throws {
            let workspace = try await Workspace.withBase()
            if !more.isEmpty { try shortenTexts(workspace) }
            // 20 of one class, 10 of the other.
            let lines = String(decoding: try workspace.bytes("texts.tsv"), as: UTF8.self)
                .split(separator: "\n").enumerated()
                .filter { $0.offset < 20 || $0.element.hasPrefix("calm") }
            try workspace.write(lines.map(\.element).joined(separator: "\n"), to: "texts.tsv")
            let keys =
                Workspace.classification + more
                + "finetune.trained=\(trained) finetune.class_weights=balanced"
            let name = trained == "lora" ? "adapter_model" : "model"
            let runs = try await [nil, 2, 3].asyncMap { ranks in
                try await workspace.finetune("run-\(ranks ?? 0)", keys, ranks: ranks)
            }
            let files = try runs.map {
                try Data(contentsOf: URL(filePath: "\($0.checkpoint(6))/\(name).safetensors"))
            }
            #expect(files[0] == files[1] && files[0] == files[2])
            #expect(try runs[0].steps() == runs[2].steps())
            let plain = try await workspace.finetune(
                "plain", keys + " finetune.class_weights=none")
            #expect(try plain.losses() != runs[0].losses())
        }

        /// All texts are one step, alone and several in a sequence.
        @Test func packedTextsHaveTheLossOfTextsAlone() async throws {
            let workspace = try await Workspace.withBase()
            try shortenTexts(workspace)
            let keys =
                Workspace.classification
                + "finetune.trained=all model.dropout_rate=0 finetune.train.lanes=1 "
                + "finetune.train.steps=1 finetune.optimizer.warmup_steps=0 "
                + "finetune.evaluate.every_steps=0 finetune.checkpoint.every_steps=0 "
            func loss(_ output: String, batch: Int, _ more: String = "") async throws -> Double {
                let size =
                    "finetune.train.global_batch_size=\(batch) finetune.train.micro_batch_size=\(batch) "
                let run = try await workspace.finetune(output, keys + size + more)
                return try #require(try run.losses().first)
            }
            let text = try await workspace.succeed(
                "finetune --config tune.yaml output=first \(keys)\(Self.packed)"
                    + "finetune.train.global_batch_size=1 finetune.train.micro_batch_size=1"
            ).output
            let said = try #require(text.firstMatch(of: /32 texts of .* in (\d+) sequences/))
            let count = try #require(Int(said.1))
            #expect(count < 16)
            let alone = try await loss("alone", batch: 32)
            #expect(abs(try await loss("packed", batch: count, Self.packed) - alone) <= 1e-5)
            let shown = try await workspace.succeed("replay --run packed/finetune --step 1")
            #expect(shown.output.contains("calm: ") && shown.output.contains("wild: "))
        }

        /// Of the texts that it learnt from.
        @Test func itLearnsToTellTheClasses() async throws {
            let workspace = try await Workspace.withBase()
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=tuned finetune.trained=all "
                    + Workspace.classification
                    + "finetune.train.steps=40 finetune.checkpoint.every_steps=0 "
                    + "finetune.test=texts.tsv finetune.optimizer.learning_rate=0.01", ranks: 2)
            let report = try report(run.output)
            #expect((report["accuracy"]?.double ?? 0) > 0.9, "\(run.output)")
            #expect(report["texts"]?.integer == 40)
            let classified = try await workspace.succeed(
                "classify --model \(Self.checkpoint) --text Death, --json")
            #expect(try self.report(classified.output)["class"]?.string == "wild")
        }

        /// At this rate the loss does not fall for long.
        @Test func trainingStopsEarlyAndKeepsItsBest() async throws {
            let workspace = try await Workspace.withBase()
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=tuned finetune.trained=all "
                    + Workspace.classification
                    + "finetune.train.steps=400 finetune.optimizer.learning_rate=0.3 "
                    + "finetune.checkpoint.keep_best=true finetune.checkpoint.keep_last=1 "
                    + "finetune.evaluate.patience=3", ranks: 2)
            #expect(run.output.contains("stopped early: no validation loss below"))
            let files = RunFiles(path: workspace("tuned/finetune"))
            let validations = try files.metrics("validation")
            let losses = validations.compactMap { $0["loss"]?.double }
            let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
            #expect(losses.count == best + 4 && losses.count < 200)
            let step = try #require(validations[best]["step"]?.integer)
            let link = try FileManager.default.destinationOfSymbolicLink(
                atPath: files.path + "/checkpoints/best")
            #expect(files.checkpoint(step).hasSuffix(link))
            #expect(FileManager.default.fileExists(atPath: files.checkpoint(step)))
            // The best, the newest, and the two links.
            let kept = try FileManager.default.contentsOfDirectory(
                atPath: files.path + "/checkpoints")
            #expect(kept.count == 4, "\(kept)")
        }

        @Test func pretrainingKeepsFrozenWeightsAndThoseOfRateZero() async throws {
            let workspace = try await Workspace.withBase()
            let sizes = ["layer_count", "head_count", "embedding_size", "context_length"]
            let keys =
                sizes.map { "model.\($0)=null " }.joined()
                + "init.from=base/checkpoints/latest train.steps=4 train.freeze=['*.wte.weight'] "
                + "optimizer.learning_rate_factors=['*.h.0.*=0','*.h.0.mlp.*=0.5'] "
            let alone = try await workspace.pretrain("alone", keys)
            let run = try await workspace.pretrain(
                "run", keys + "train.optimizer_sharding=zero1", ranks: 3)
            #expect(try run.weights(4) == alone.weights(4))
            let changes = try workspace.changes(
                from: "base/checkpoints/latest", to: "alone/checkpoints/latest")
            let names = Set(try workspace.tensors("alone/checkpoints/latest").keys)
            #expect(
                names.subtracting(changes)
                    == names.filter {
                        $0.contains("wte") || $0.contains(".h.0.") && !$0.contains(".mlp.")
                    })
        }
    }
}
