import Datasets
import Diagnostics
import Foundation

/// A folder of one test, removed when the test lets go of it.
final class Scratch {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("datasets-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// Writes a shard of these documents and gives its path.
    @discardableResult
    func writeShard(
        _ name: String, documents: [[Int32]], vocabularySize: Int = 300, tokenizer: String = "aa"
    ) throws -> String {
        let attributes = TokenShardAttributes(
            tokenizerName: "character", tokenizerSHA256: tokenizer,
            vocabularySize: vocabularySize, endOfTextID: nil, sourceSHA256: "bb")
        try TokenShardWriter.write(to: path(name), attributes: attributes) { writer in
            for document in documents {
                try writer.append(document)
                try writer.endDocument()
            }
        }
        return path(name)
    }
}

extension TokenShard {
    func tokens(_ range: Range<Int>) throws -> [Int32] {
        var tokens = [Int32](repeating: -1, count: range.count)
        try tokens.withUnsafeMutableBufferPointer { try read(range, into: $0) }
        return tokens
    }
}

/// The line of the failure that `body` throws; empty when it throws none.
func failureLine(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch let failure as Failure {
        return failure.line
    } catch {
        return "not a Failure: \(error)"
    }
}
