import Collectives
import Diagnostics
import Files
import Tokenizers

/// Training of a tokenizer on text files; all ranks share the counting, and the tokenizer does not depend
/// on how many they are.
package struct TokenizerPhase {
    package let communicator: any Communicator

    package init(communicator: any Communicator) {
        self.communicator = communicator
    }

    /// Bytes of text that one rank counts at a time.
    private static let partSize = 1 << 24

    package func train(_ options: TokenizerOptions, input: [String]) throws -> any Tokenizer {
        switch options.kind {
        case .character: try trainCharacters(input)
        case .bpe: try trainBytePairs(input, vocabularySize: options.vocabularySize)
        }
    }

    private func trainCharacters(_ input: [String]) throws -> any Tokenizer {
        let own = try communicator.agree {
            var scalars: Set<Unicode.Scalar> = []
            try forEachOwnPart(of: input) { part in
                scalars.formUnion(String(decoding: part, as: UTF8.self).unicodeScalars)
            }
            return scalars
        }
        let bytes = own.flatMap { Array(String($0).utf8) }
        let all = try communicator.allGather(ofAnySize: bytes).map {
            String(decoding: $0, as: UTF8.self).unicodeScalars
        }
        return try communicator.agree { try CharacterTokenizer(scalars: Set(all.joined())) }
    }

    private func trainBytePairs(_ input: [String], vocabularySize: Int) throws -> any Tokenizer {
        let own = try communicator.agree {
            var counts = WordCounts()
            try forEachOwnPart(of: input) { try counts.add($0) }
            return counts.serialized
        }
        let all = try communicator.allGather(ofAnySize: own)
        let tokenizer = try communicator.agree {
            var counts = WordCounts()
            for bytes in all { counts.merge(try WordCounts(serialized: bytes)) }
            guard counts.count > 0 else {
                throw Failure(
                    "cannot train a tokenizer", expected: "a text with words",
                    got: "nothing between the ends of texts", at: input.joined(separator: ", "),
                    remedy: "name files that hold text")
            }
            return try BytePairTrainer(vocabularySize: vocabularySize).train(counts)
        }
        if communicator.rank == 0, tokenizer.vocabularySize < vocabularySize {
            Console.write(
                "warning: the tokenizer has \(tokenizer.vocabularySize) tokens instead of "
                    + "\(vocabularySize): the text has no more pairs to merge\n",
                to: .standardError)
        }
        return tokenizer
    }

    /// The files cut where no word is cut; part i is counted by rank i mod R.
    private func forEachOwnPart(
        of input: [String], _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws {
        var index = 0
        for path in input {
            try FileReader.bytes(of: path).withUnsafeBufferPointer { text in
                var start = 0
                while start < text.count {
                    let end = TextBoundary.next(in: text, from: start + Self.partSize)
                    if index % communicator.worldSize == communicator.rank {
                        try body(UnsafeBufferPointer(rebasing: text[start..<end]))
                    }
                    index += 1
                    start = end
                }
            }
        }
    }
}
