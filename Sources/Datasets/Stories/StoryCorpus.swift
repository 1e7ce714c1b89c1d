/// Small stories from a probabilistic grammar, with an exactly known entropy.
///
/// Every random choice of a story adds -log2 p of the option taken; since a story's text determines
/// its choices (`StoryReader` finds them), the sum of these terms is -log2 of the probability of the
/// text itself, and no model can on average need fewer bits for it. So a model's bits per byte on a
/// part of the corpus are to be compared with that same part's `bits` per byte: the stories that it
/// happens to hold, not an average over all that could be.
///
/// Each story is a document and ends with a newline, so that also a tokenizer without an
/// end-of-text token shows where it ends. Text is ASCII: characters are bytes.
package struct StoryCorpus: Sendable {
    package struct Document: Equatable, Sendable {
        /// The story, with the newline that ends it.
        package let text: String
        /// -log2 of the probability that the grammar makes this story.
        package let bits: Double
    }

    package let seed: UInt64
    package let documents: [Document]

    /// Characters of the quick start's corpus.
    package static let defaultCharacterCount = 3_600_000

    /// - Parameter characterCount: the stories end with the one that reaches it.
    package init(seed: UInt64, characterCount: Int = Self.defaultCharacterCount) {
        self.seed = seed
        var documents: [Document] = []
        var count = 0
        while count < characterCount {
            let story = StoryWriter.story(seed: seed, number: documents.count)
            documents.append(Document(text: story.text, bits: story.bits))
            count += story.text.utf8.count
        }
        self.documents = documents
    }

    /// The text file: `<|endoftext|>` directly follows the newline of each story, and the next story
    /// directly follows it.
    package var text: String { documents.map { $0.text + "<|endoftext|>" }.joined() }

    package var byteCount: Int { documents.reduce(0) { $0 + $1.text.utf8.count } }

    /// The information of the last documents, of which a preparation makes the validation shards,
    /// in bits per byte of their text.
    package func bitsPerByte(ofLast documentCount: Int) -> Double {
        Self.bitsPerByte(documents.suffix(documentCount))
    }

    /// The information of all documents but the last ones, in bits per byte of their text.
    package func bitsPerByte(ofAllButLast documentCount: Int) -> Double {
        Self.bitsPerByte(documents.dropLast(documentCount))
    }

    private static func bitsPerByte(_ documents: ArraySlice<Document>) -> Double {
        let bits = documents.reduce(0) { $0 + $1.bits }
        let byteCount = documents.reduce(0) { $0 + $1.text.utf8.count }
        precondition(byteCount > 0, "expected at least one document, got none")
        return bits / Double(byteCount)
    }
}
