import Corpus
import Foundation
import JSON
import Testing

/// The speed of signatures, for Tests/Scripts/check_corpus_duplicates.py, which names the documents.
@Suite struct SignatureTimes {
    private static let file = ProcessInfo.processInfo.environment["SWIFT_LLM_SIGNATURES"]
    /// Of as many rounds the fastest counts.
    private static let rounds =
        ProcessInfo.processInfo.environment["SWIFT_LLM_ROUNDS"].flatMap { Int($0) } ?? 1

    @Test(.enabled(if: file != nil)) func signaturesOfTextsAndShingles() throws {
        var options = CorpusOptions()
        options.input = [Self.file ?? ""]
        var texts: [[UInt8]] = []
        try CorpusDocuments.forEach(options) { texts.append($0.text) }
        var near = NearOptions()
        near.enabled = true
        let marker = DocumentMarker(near)
        let shingles = texts.map { Self.shingles($0, near.ngram) }
        var sum: UInt64 = 0
        let ofTexts = Self.fastest { for text in texts { sum &+= marker.marks(of: text)[3] } }
        var hashes: [UInt64] = []
        let ofShingles = Self.fastest {
            for list in shingles {
                hashes.removeAll(keepingCapacity: true)
                list.texts.withUnsafeBytes { bytes in
                    var start = 0
                    for end in list.ends {
                        hashes.append(
                            Self.hash(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
                        start = end
                    }
                }
                sum &+= marker.signature(of: hashes)[0]
            }
        }
        #expect(sum != 0)
        let report = JSONValue.object([
            "text_seconds": .number(ofTexts / .seconds(1)),
            "shingle_seconds": .number(ofShingles / .seconds(1)),
        ])
        print("signatures: \(report.text())")
    }

    private static func fastest(_ work: () -> Void) -> Duration {
        (0..<rounds).map { _ in ContinuousClock().measure(work) }.min() ?? .zero
    }

    /// The runs of words as texts, one behind the other, and where they end.
    private static func shingles(_ text: [UInt8], _ size: Int) -> (texts: [UInt8], ends: [Int]) {
        let words = text.split(separator: 0x20)
        guard words.count >= size else { return (text, [text.count]) }
        var (texts, ends): ([UInt8], [Int]) = ([], [])
        for start in 0...words.count - size {
            texts += words[start..<start + size].joined(separator: [0x20])
            ends.append(texts.count)
        }
        return (texts, ends)
    }

    /// 64 bits of a short text: products of eight bytes with eight others, the last sixteen once more.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        func word(_ offset: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
            let product = (a ^ TextHash.base).multipliedFullWidth(by: b ^ TextHash.seed)
            return product.high ^ product.low
        }
        guard count >= 8 else {
            return folded(bytes.reduce(0) { $0 << 8 | UInt64($1) }, UInt64(count))
        }
        var (hash, offset) = (UInt64(count), 0)
        while offset + 16 < count {
            hash = folded(word(offset), word(offset + 8) ^ hash)
            offset += 16
        }
        return TextHash.mixed(folded(word(max(0, count - 16)), word(count - 8) ^ hash))
    }
}
