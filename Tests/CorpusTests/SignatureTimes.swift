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
        let ofShingles = Self.fastest {
            for list in shingles {
                let hashes = list.map { $0.withUnsafeBytes { TextHash.wide($0).low } }
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

    /// The runs of words as texts.
    private static func shingles(_ text: [UInt8], _ size: Int) -> [[UInt8]] {
        let words = text.split(separator: 0x20)
        guard words.count >= size else { return [text] }
        return (0...words.count - size).map {
            Array(words[$0..<$0 + size].joined(separator: [0x20]))
        }
    }
}
