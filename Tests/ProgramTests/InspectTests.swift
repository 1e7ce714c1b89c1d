import Datasets
import Diagnostics
import Files
import Foundation
import ModelFiles
import TemporaryFolders
import Testing
import Tokenizers
import Training
import swift_llm_train

/// What `inspect` tells of real shards, checkpoints and runs, whole and damaged.
@Suite struct InspectTests {
    private typealias Folder = TemporaryFolder

    private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/gpt2/one-layer").path

    private func failure(_ path: String, isVerifying: Bool = false) -> String {
        do {
            return try "no failure: " + InspectReport(isVerifying: isVerifying).text(of: path)
        } catch {
            return (error as? Failure)?.line ?? "not a Failure: \(error)"
        }
    }

    /// A shard of "ab\tab" and 30,000 times "b", which fill several chunks, and its tokenizer.
    private func writeShard(in folder: Folder) throws -> String {
        let tokenizer = try CharacterTokenizer(text: "\tab")
        try Data(tokenizer.tokenizerJSON).write(
            to: URL(fileURLWithPath: folder("tokenizer.json")))
        let attributes = TokenShardAttributes(
            tokenizerName: "character", tokenizerSHA256: tokenizer.tokenizerSHA256,
            vocabularySize: 3, endOfTextID: nil, sourceSHA256: "bb")
        let path = folder("train-00000.h5")
        try TokenShardWriter.write(to: path, attributes: attributes) { writer in
            try writer.append(tokenizer.encode("ab\tab"))
            try writer.endDocument()
            try writer.append(Array(repeating: 2, count: 30_000))
            try writer.endDocument()
        }
        return path
    }

    @Test func shardIsToldWithTheTextOfItsFirstDocument() throws {
        let folder = try Folder()
        let path = try writeShard(in: folder)
        let sha256 = try TokenizerFile.load(folder("tokenizer.json")).tokenizerSHA256
        let text = """
            token shard \(path)
              tokenizer        character \(sha256)
              vocabulary size  3 (end of text: none)
              source           bb
              tokens           30005 (2 bytes each)
              documents        2
              first document   1 2 0 1 2
              its text         "ab\\tab"
            """
        #expect(try InspectReport().text(of: path) == text)
        #expect(try InspectReport().text(of: folder.path + "/") == text)
        let verified = try InspectReport(isVerifying: true).text(of: path)
        #expect(
            verified == text
                + "\n  verified         every checksum holds, every id is in the vocabulary")
    }

    @Test func anotherTokenizerBesideTheShardDecodesNothing() throws {
        let folder = try Folder()
        let path = try writeShard(in: folder)
        try Data(CharacterTokenizer(text: "xyz").tokenizerJSON).write(
            to: URL(fileURLWithPath: folder("tokenizer.json")))
        #expect(
            try InspectReport().text(of: path).hasSuffix(
                "its text         unknown: the tokenizer.json beside it is another one"))
    }

    @Test func verifyFindsAFlippedBitThatALookAtTheBeginningDoesNot() throws {
        let folder = try Folder()
        let path = try writeShard(in: folder)
        try folder.change("train-00000.h5") { data in
            let run = Data(Array(repeating: [UInt8(2), 0], count: 1000).flatMap { $0 })
            // The last run of the id 2 lies far behind the first chunk.
            if let place = data.range(of: run, options: .backwards) { data[place.lowerBound] ^= 1 }
        }
        #expect(try InspectReport().text(of: path).contains("ab\\tab"))
        let line = failure(path, isVerifying: true)
        #expect(line.contains("cannot read a dataset"))
        #expect(line.contains(path))
        #expect(line.hasSuffix("the file is damaged: copy or prepare it again"))
    }

    private func writeCheckpoint(at path: String, step: Int) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Self.model, toPath: path)
        let state = TrainerState(step: step, updateCount: step - 1, laneCount: 4)
        try Data(state.json.text().utf8).write(
            to: URL(fileURLWithPath: path + "/" + TrainerState.fileName))
        try Manifest.write(in: path)
    }

    @Test func checkpointIsToldWithItsStateAndHashes() throws {
        let folder = try Folder()
        try writeCheckpoint(at: folder("step-00000007"), step: 7)
        let lines = try InspectReport().text(of: folder("step-00000007"))
            .split(separator: "\n").map(String.init)
        #expect(lines.first == "checkpoint \(folder("step-00000007"))")
        #expect(lines.contains("  step             7, 6 updates"))
        #expect(lines.contains("  lanes            4: resumes on up to 4 ranks"))
        #expect(lines.last == "  hashes           all 4 files are as they were written")
    }

    @Test func alteredCheckpointIsRefusedByTheNameOfTheFile() throws {
        let folder = try Folder()
        try writeCheckpoint(at: folder("step-00000007"), step: 7)
        try folder.change("step-00000007/model.safetensors") { $0[$0.count - 1] ^= 1 }
        let line = failure(folder("step-00000007"))
        #expect(line.hasPrefix("the file is altered: expected SHA-256 "))
        #expect(line.contains("step-00000007/model.safetensors"))
    }

    @Test func modelWithoutManifestIsToldToo() throws {
        let text = try InspectReport().text(of: Self.model)
        #expect(
            text.hasPrefix("model directory \(Self.model)\n  model            gpt2 with 1 layer"))
        #expect(text.hasSuffix("hashes           no manifest.json to check the files against"))
    }

    @Test func runIsToldWithItsCheckpointsAndLastMetrics() throws {
        let folder = try Folder()
        try folder.write(
            "name: small\ndata:\n  train: shards\nmodel:\n  preset: gpt2-nano\n"
                + "train:\n  steps: 100\n", to: "recipe.yaml")
        try folder.write("{\"step\":6}\n{\"step\":7}\n", to: "metrics.jsonl")
        try writeCheckpoint(at: folder("checkpoints/step-00000006"), step: 6)
        try writeCheckpoint(at: folder("checkpoints/step-00000007"), step: 7)
        try folder.change("checkpoints/step-00000007/config.json") { $0.append(32) }
        let text = try InspectReport().text(of: folder.path)
        #expect(
            text.hasPrefix(
                """
                run \(folder.path)
                  recipe           small
                  checkpoints      2, of the steps 6 7
                  latest           step 6, 5 updates, every hash holds
                                   passed over: the file is altered: expected \

                """.trimmingCharacters(in: .newlines)))
        #expect(text.hasSuffix("last metrics     {\"step\":7}"))
        let checkpoints = try InspectReport().text(of: folder("checkpoints"))
        #expect(
            checkpoints.hasPrefix(
                "checkpoints \(folder("checkpoints"))\n  checkpoints      2, of the steps 6 7\n"))
    }

    @Test func everythingElseIsRefusedWithWhatItCouldBe() throws {
        let folder = try Folder()
        try folder.write("hello", to: "a.txt")
        try FileManager.default.createSymbolicLink(
            atPath: folder("latest"), withDestinationPath: "step-00000009")
        #expect(
            failure(folder("absent"))
                == "there is nothing to inspect: expected a file or a directory, got nothing of "
                + "that name (\(folder("absent"))); check the path")
        #expect(failure(folder("latest")).contains("got a link that leads nowhere"))
        #expect(
            failure(folder.path)
                == "cannot tell what this directory is: expected shards (train-*.h5), a model "
                + "(config.json), an adapter (adapter_config.json) or a run (recipe.yaml), got a.txt, "
                + "latest (\(folder.path)); name one of those")
        #expect(
            failure(folder("a.txt")).hasPrefix(
                "cannot tell what this file is: expected a token shard (*.h5), *.safetensors, "
                    + "*.gguf or tokenizer.json, got other bytes"))
        try folder.write("hello", to: "b.h5")
        #expect(failure(folder("b.h5")).hasPrefix("the file is not HDF5"))
    }
}

extension TemporaryFolder {
    fileprivate func change(_ name: String, _ body: (inout Data) -> Void) throws {
        let url = URL(fileURLWithPath: self(name))
        var data = try Data(contentsOf: url)
        body(&data)
        try data.write(to: url)
    }
}
