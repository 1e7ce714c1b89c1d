import Datasets
import Foundation
import Tensors

/// A token shard of random tokens, in a temporary folder of its own: a benchmark reads its batches as
/// a run does.
final class RandomShard {
    package let stream: TokenStream
    /// The hash in place of those of a text and a tokenizer, which these tokens do not have.
    private static let noHash = String(repeating: "0", count: 64)
    private let folder: String

    package init(tokenCount: Int, vocabularySize: Int, seed: UInt64) throws {
        folder =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("swift-llm-train-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/train-00000.h5"
        let attributes = TokenShardAttributes(
            tokenizerName: "random", tokenizerSHA256: Self.noHash, vocabularySize: vocabularySize,
            endOfTextID: nil, sourceSHA256: Self.noHash)
        do {
            try TokenShardWriter.write(to: path, attributes: attributes) { writer in
                try writer.append(
                    Self.tokens(tokenCount, vocabularySize: vocabularySize, seed: seed))
                try writer.endDocument()
            }
            stream = try TokenStream(paths: [path])
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Drawn without regard for order: equal on every rank and machine.
    package static func tokens(_ count: Int, vocabularySize: Int, seed: UInt64) -> [Int32] {
        (0..<count).map { index in
            let words = Philox.words(
                counter: [UInt32(truncatingIfNeeded: index), 0, 0, stream], key: seed)
            return Int32((UInt64(words[0]) * UInt64(vocabularySize)) >> 32)
        }
    }

    /// Keeps these numbers apart from those of weights and dropout.
    private static let stream: UInt32 = 0x62_65_6E_63
}
