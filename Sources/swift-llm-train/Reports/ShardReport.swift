import Datasets
import Diagnostics
import Files
import Foundation
import Tokenizers

/// What `inspect` prints about one token shard.
struct ShardReport {
    let path: String
    let isVerifying: Bool

    /// Enough to know the text by.
    private static let tokenCount = 64
    private static let characterCount = 60

    /// - Throws: `Failure` for a shard that cannot be read, or is damaged where it is read.
    var text: String {
        get throws {
            let shard = try ShardDescription(path: path, firstIDCount: Self.tokenCount)
            let ids = Self.ids(shard.firstIDs)
            var lines = ["\(shard)".replacingFirstDocument(with: ids)]
            if let text = firstText(of: shard) { lines.append("  its text         \(text)") }
            if isVerifying {
                try TokenShard(path: path).verify()
                lines.append(
                    "  verified         every checksum holds, every id is in the vocabulary")
            }
            return lines.joined(separator: "\n")
        }
    }

    private static func ids(_ ids: [Int32]) -> String {
        let shown = ids.prefix(8).map(String.init).joined(separator: " ")
        return ids.isEmpty ? "none" : shown + (ids.count > 8 ? " ..." : "")
    }

    /// The text of the first tokens of the shard, or a note where the tokenizer beside it does not
    /// give it; nil where there is no such tokenizer or no token.
    private func firstText(of shard: ShardDescription) -> String? {
        let folder = (path as NSString).deletingLastPathComponent
        let file = (folder.isEmpty ? "." : folder) + "/tokenizer.json"
        do {
            guard try DirectoryEntries.isThere(file, followsLinks: true), !shard.firstIDs.isEmpty
            else { return nil }
            let tokenizer = try TokenizerFile.load(file)
            guard tokenizer.tokenizerSHA256 == shard.attributes.tokenizerSHA256 else {
                return "unknown: the tokenizer.json beside it is another one"
            }
            return QuotedText.line(
                try tokenizer.decode(shard.firstIDs), limit: Self.characterCount,
                isCut: shard.firstIDs.count == Self.tokenCount)
        } catch {
            return "unknown: \(error)"
        }
    }
}

extension String {
    /// The description of a shard lists all ids that were read; the report shows a few.
    fileprivate func replacingFirstDocument(with ids: String) -> String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[lines.count - 1] = "  first document   \(ids)"
        return lines.joined(separator: "\n")
    }
}
