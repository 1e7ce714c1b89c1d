/// What happened to the documents of a piece, or of a corpus.
package struct PieceStatistics: Codable, Equatable, Sendable {
    /// A document that shows what a reason means.
    package struct Example: Codable, Equatable, Sendable {
        package var source: String
        package var excerpt: String
    }

    /// Documents and bytes of text.
    package struct Amount: Codable, Equatable, Sendable {
        package var documents = 0
        package var bytes = 0

        mutating func add(_ other: Amount) {
            documents += other.documents
            bytes += other.bytes
        }

        mutating func add(bytes: Int) {
            documents += 1
            self.bytes += bytes
        }
    }

    private enum CodingKeys: String, CodingKey {
        case read, kept, dropped, examples, counts, lengths
        case clusterSizes = "cluster_sizes"
    }

    package var read = Amount()
    package var kept = Amount()
    package var dropped: [String: Amount] = [:]
    package var examples: [String: [Example]] = [:]
    /// What steps counted beside reasons, such as masks and languages.
    package var counts: [String: Int] = [:]
    /// How many kept texts have from 2 to the power of so many characters on.
    package var lengths: [String: Int] = [:]
    /// How many clusters have so many documents.
    package var clusterSizes: [String: Int] = [:]

    package static let exampleCount = 10
    private static let excerptSize = 200

    package init() {}

    package mutating func drop(
        _ reason: String, _ text: [UInt8], byteCount: Int? = nil, source: String
    ) {
        dropped[reason, default: Amount()].add(bytes: byteCount ?? text.count)
        guard examples[reason, default: []].count < Self.exampleCount else { return }
        let excerpt = String(decoding: text.prefix(Self.excerptSize), as: UTF8.self)
        examples[reason, default: []].append(Example(source: source, excerpt: excerpt))
    }

    package mutating func keep(_ document: Document) {
        kept.add(bytes: document.text.count)
        let count = document.text.withUnsafeBufferPointer { $0.characterCount(in: 0..<$0.count) }
        let power = count == 0 ? 0 : Int.bitWidth - 1 - count.leadingZeroBitCount
        lengths["\(1 << power)", default: 0] += 1
    }

    /// Adds what happened later in the order of documents.
    package mutating func add(_ other: PieceStatistics) {
        read.add(other.read)
        kept.add(other.kept)
        for (reason, amount) in other.dropped { dropped[reason, default: Amount()].add(amount) }
        for (reason, more) in other.examples {
            let own = examples[reason, default: []]
            examples[reason] = Array((own + more).prefix(Self.exampleCount))
        }
        counts.merge(other.counts, uniquingKeysWith: +)
        lengths.merge(other.lengths, uniquingKeysWith: +)
        clusterSizes.merge(other.clusterSizes, uniquingKeysWith: +)
    }
}
