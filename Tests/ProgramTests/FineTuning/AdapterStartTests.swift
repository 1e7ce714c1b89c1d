import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Adapters that are trained on, whose base has moved, and beside which other weights are trained.
    @Suite struct AdapterStartTests {
        private static let first = "first/finetune/checkpoints/latest"

        @Test func anAdapterIsTrainedOnWithTheSameBits() async throws {
            let workspace = try await Workspace.withBase()
            let first = try await workspace.finetune("first", "finetune.train.steps=6")
            let keys = "finetune.from=\(Self.first) "
            let alone = try await workspace.finetune("alone", keys)
            let others = try await workspace.finetune("others", keys, ranks: 3)
            #expect(try alone.adapter(6) == others.adapter(6))
            #expect(try alone.adapter(6) != first.adapter(6))
            // It begins where the first one ended.
            let losses = try [first.metrics("validation").last, alone.metrics("validation").first]
                .map { try #require($0?["loss"]?.double) }
            #expect(losses[1] < losses[0] + 0.2, "\(losses)")
            try await workspace.finetune("half", keys + "finetune.train.stop_after_steps=3")
            let resumed = try await workspace.finetune("half", keys + "--resume", ranks: 2)
            #expect(try resumed.adapter(6) == alone.adapter(6))
        }

        @Test func aBaseThatHasMovedIsNamed() async throws {
            let workspace = try await Workspace.withBase()
            try await workspace.finetune("first", "finetune.train.steps=2")
            let generate = "generate --model \(Self.first) --prompt the --maximum-tokens 5 "
            let before = try await workspace.succeed(generate + "--temperature 0").output
            try FileManager.default.moveItem(atPath: workspace("base"), toPath: workspace("moved"))
            let lost = try await workspace.run(generate)
            #expect(lost.exitCode == 1)
            #expect(lost.errors.contains("or name it as the base"), "\(lost.errors)")
            let base = "--base moved/checkpoints/latest"
            let found = try await workspace.succeed(generate + "--temperature 0 \(base)")
            #expect(found.output == before)
            try await workspace.succeed("merge --adapter \(Self.first) --output merged \(base)")
            try await workspace.finetune(
                "second",
                "finetune.from=\(Self.first) finetune.base=moved/checkpoints/latest "
                    + "finetune.train.steps=2")
            let stray = try await workspace.run("generate --model merged --prompt the \(base)")
            #expect(stray.exitCode == 64 && stray.errors.contains("a base has no effect"))
        }

        @Test func whatIsSavedBesideAdaptersHasTheSameBits() async throws {
            let workspace = try await Workspace.withBase()
            let keys =
                "lora.target_modules=[c_attn] lora.modules_to_save=[ln_f] lora.bias=lora_only "
                + "lora.rank_pattern=['h.0.attn.c_attn=3'] "
            let alone = try await workspace.finetune("alone", keys)
            let others = try await workspace.finetune("others", keys, ranks: 3)
            #expect(try alone.adapter(6) == others.adapter(6))
            for name in ["ln_f.weight", "h.0.attn.c_attn.bias"] {
                #expect(try alone.adapter(6).range(of: Data("transformer.\(name)".utf8)) != nil)
            }
            try await workspace.finetune("half", keys + "finetune.train.stop_after_steps=3")
            let resumed = try await workspace.finetune("half", keys + "--resume", ranks: 2)
            #expect(try resumed.adapter(6) == alone.adapter(6))
            try await workspace.succeed(
                "merge --adapter alone/finetune/checkpoints/latest --output merged")
            let changed = try workspace.changes(from: "base/checkpoints/latest", to: "merged")
            #expect(
                changed == [
                    "transformer.ln_f.weight", "transformer.ln_f.bias",
                    "transformer.h.0.attn.c_attn.weight", "transformer.h.0.attn.c_attn.bias",
                    "transformer.h.1.attn.c_attn.weight", "transformer.h.1.attn.c_attn.bias",
                ])
        }

        @Test func badRecordsAreKeptInAFile() async throws {
            let workspace = try await Workspace.withBase()
            let good = (0..<30).map { _ in #"{"frage": "king", "antwort": "not", "id": 3}"# }
            let lines = good + [#"{"frage": "king"}"#, #"{"frage": "king", "#]
            try workspace.write(lines.joined(separator: "\n"), to: "chats.jsonl")
            let keys =
                "finetune.columns.instruction=frage finetune.columns.output=antwort "
                + "finetune.train.steps=2 "
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=run finetune.on_bad_record=skip " + keys,
                ranks: 2)
            #expect(
                (run.output + run.errors).contains(
                    "2 of 32 records cannot be used and are left out"))
            #expect(
                (run.output + run.errors).contains("the records hold what is not used: id (in 30)"))
            let kept = try workspace.bytes("run/finetune/skipped-records.jsonl")
            let text = String(decoding: kept, as: UTF8.self)
            #expect(text.split(separator: "\n").count == 2, "\(text)")
            #expect(text.contains("chats.jsonl, line 31") && text.contains("chats.jsonl, line 32"))
            let strict = try await workspace.run(
                "finetune --config tune.yaml output=strict " + keys)
            #expect(strict.exitCode == 1)
            #expect(strict.errors.contains("chats.jsonl, line 32"), "\(strict.errors)")
        }
    }
}
