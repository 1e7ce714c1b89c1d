import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// What cannot be trained on is told in one line.
    @Suite struct WrongInputTests {
        private func expect(
            _ run: DistributedRun, _ exitCode: Int, _ line: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(run.exitCode == exitCode, sourceLocation: sourceLocation)
            #expect(run.messages == ["swift-llm-train: " + line], sourceLocation: sourceLocation)
        }

        static let pretrainings: [(overrides: String, exitCode: Int, line: String)] = [
            (
                "data.train=absent", 1,
                "there is no token shard: expected a shard directory, a glob or a file, got "
                    + "nothing of that name (absent); prepare the text first"
            ),
            (
                "data.train=text.txt", 1,
                "the file is not HDF5: expected the HDF5 signature in its first 8 bytes, got other "
                    + "bytes (text.txt)"
            ),
            (
                "model.head_count=3", 64,
                "model.head_count does not divide model.embedding_size: expected a divisor of 16, "
                    + "got 3 (the override model.head_count=3); use 1, 2, 4, 8 or 16"
            ),
            (
                "train.global_batch_size=20 train.lanes=8", 64,
                "train.lanes does not divide train.global_batch_size: expected a divisor of 20, "
                    + "got 8 (the override train.lanes=8); use 5 or 10"
            ),
            (
                "train.sequence_length=17", 64,
                "train.sequence_length is larger than model.context_length: expected at most 16, "
                    + "got 17 (the override train.sequence_length=17); lower the one or raise the other"
            ),
            (
                "train.stepz=3", 64,
                "unknown key train.stepz (the override train.stepz=3); did you mean train.steps?"
            ),
        ]

        @Test func pretrainTellsWhatIsWrong() async throws {
            let workspace = try await Workspace.prepared()
            for (overrides, exitCode, line) in Self.pretrainings {
                expect(
                    try await workspace.run("pretrain --config recipe.yaml " + overrides),
                    exitCode, line)
            }
            // What was refused is no run: the corrected one needs no --resume.
            try await workspace.pretrain("run", "train.steps=3")
        }

        /// One is wrong in the data, the other in the recipe.
        @Test(arguments: [pretrainings[0], pretrainings[2]])
        func ranksTellTogetherWhatIsWrong(
            overrides: String, exitCode: Int, line: String
        ) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml " + overrides, ranks: 3)
            expect(run, exitCode, line)
        }

        @Test func moreRanksThanLanesAreRefused() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.lanes=2", ranks: 3)
            expect(
                run, 64,
                "there are more ranks than lanes: expected at most 2 ranks, got 3 (train.lanes); "
                    + "start on 2 ranks, or set train.lanes=3, with which the bits change")
            try await workspace.pretrain("run", "train.steps=3 train.lanes=2", ranks: 2)
        }

        @Test func aBatchThatTheRanksDoNotDivideIsRefused() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.lanes=null train.global_batch_size=8",
                ranks: 3)
            expect(
                run, 64,
                "the number of ranks does not divide train.global_batch_size: expected a divisor "
                    + "of 8, got 3; use 2 or 4")
        }

        @Test(arguments: [
            ("data.validation=null", "at least 17 tokens, got 14 (short/train-00000.h5)"),
            ("data.train=shards", "at least 17 tokens, got 2 (short/validation-00000.h5)"),
        ])
        func textThatIsShorterThanAWindowIsNamed(keys: String, line: String) async throws {
            let workspace = try await Workspace.prepared()
            try workspace.write("the night of the", to: "short.txt")
            try await workspace.succeed(
                "prepare --input short.txt --tokenizer tokenizer.json --output short")
            let run = try await workspace.run(
                "pretrain --config recipe.yaml data.train=short data.validation=short " + keys,
                ranks: 2)
            expect(
                run, 1,
                "the text is shorter than one window: expected \(line); use more text or a "
                    + "smaller sequence length")
            try await workspace.pretrain("run", "train.steps=3")
        }

        @Test(arguments: ["data.train", "data.validation"])
        func shardsOfAnotherTokenizerAreRefused(key: String) async throws {
            let workspace = try await Workspace.prepared()
            try workspace.write("abcabcabcabc", to: "other.txt")
            try await workspace.succeed(
                "tokenizer train --kind character --input other.txt --output other.json")
            try await workspace.succeed(
                "prepare --input other.txt --tokenizer other.json --output other")
            let run = try await workspace.run(
                "pretrain --config recipe.yaml data.tokenizer=shards/tokenizer.json \(key)=other")
            #expect(run.exitCode == 1)
            #expect(
                run.errors.hasPrefix(
                    "swift-llm-train: the token shard was made by another tokenizer: expected "))
            #expect(run.errors.contains("(other/"))
            #expect(run.messages.count == 1)
        }

        @Test func aVocabularyBelowThatOfTheTokenizerIsRefused() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml model.vocabulary_size=5", ranks: 2)
            #expect(run.exitCode == 64)
            #expect(run.messages.count == 1)
            #expect(run.errors.contains("model.vocabulary_size"))
        }

        /// The second rank alone reads from the damaged chunk: the first one does not know of it.
        @Test func aRankThatFailsEndsTheJobWithOneLine() async throws {
            let workspace = try await Workspace.prepared(size: 20_000)
            // Tokens of two bytes in chunks of 8192, which Fletcher32 guards.
            let tokens = try await workspace.succeed(
                "tokenizer encode --tokenizer tokenizer.json --input text.txt"
            ).output.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0) }
            let place = Data(tokens[12_000..<12_200].flatMap { [$0, 0] })
            let shard = try workspace.bytes("shards/train-00000.h5")
            let offset = try #require(shard.range(of: place)).lowerBound
            try workspace.damage("shards/train-00000.h5", at: offset)

            let run = try await workspace.run(
                "pretrain --config recipe.yaml data.shuffle=false train.steps=3 train.lanes=2 "
                    + "train.global_batch_size=1000 train.micro_batch_size=100", ranks: 2)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            #expect(run.messages.first?.hasPrefix("swift-llm-train: rank 1: ") == true)
            #expect(run.messages.first?.contains("shards/train-00000.h5") == true)
        }
    }
}
