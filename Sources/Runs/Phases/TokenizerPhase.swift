import Collectives
import Datasets
import Diagnostics
import Foundation
import Tokenizers

/// Training of a tokenizer on text files of any size; all ranks share the reading and counting, and the
/// tokenizer does not depend on how many they are.
package struct TokenizerPhase {
    package let communicator: any Communicator

    package init(communicator: any Communicator) {
        self.communicator = communicator
    }

    package func train(_ options: TokenizerOptions, on texts: [SourceText]) throws -> any Tokenizer
    {
        let sampleSize = options.sampleMegabytes.map { min($0, 1 << 30) << 20 }
        let joinsLines =
            options.kind == .unigram || options.kind == .bpe && options.pattern.joinsLines
        let parts = TextParts(texts, sampleSize: sampleSize, joinsLines: joinsLines)
        switch options.kind {
        case .character: return try trainCharacters(parts)
        case .bpe:
            let trainer = try communicator.agree {
                try BytePairTrainer(vocabularySize: options.vocabularySize)
            }
            return try trainOnWords(parts, WordCounts(options.pattern), options) {
                try trainer.train($0, pattern: options.pattern)
            }
        case .unigram:
            let trainer = try communicator.agree {
                try UnigramTrainer(vocabularySize: options.vocabularySize)
            }
            let threads = ProcessInfo.processInfo.activeProcessorCount
            return try trainOnWords(parts, .ofUnigram, options) {
                try trainer.train($0, threads: threads)
            }
        }
    }

    private func trainCharacters(_ parts: TextParts) throws -> any Tokenizer {
        let own = try communicator.agree {
            var scalars: Set<Unicode.Scalar> = []
            try forEachOwnPart(of: parts) {
                scalars.formUnion(String(decoding: $0, as: UTF8.self).unicodeScalars)
            }
            return scalars
        }
        let bytes = own.flatMap { Array(String($0).utf8) }
        let all = try communicator.allGather(ofAnySize: bytes).map {
            String(decoding: $0, as: UTF8.self).unicodeScalars
        }
        return try communicator.agree { try CharacterTokenizer(scalars: Set(all.joined())) }
    }

    /// The first rank learns from the counts of all, and hands on the tokenizer.
    ///
    /// - Parameter none: Counts of no words, which know how to cut them.
    private func trainOnWords(
        _ parts: TextParts, _ none: WordCounts, _ options: TokenizerOptions,
        _ train: (WordCounts) throws -> any Tokenizer
    ) throws -> any Tokenizer {
        let own = try communicator.agree {
            var counts = none
            try forEachOwnPart(of: parts) { try counts.add($0) }
            return counts
        }
        let all = try WordCountReduction(communicator: communicator).merged(own)
        let json = try communicator.fromFirstRank {
            guard all.count > 0 else {
                throw Failure(
                    "cannot train a tokenizer", expected: "a text with words",
                    got: "nothing between the ends of texts", at: parts.places,
                    remedy: "name files that hold text")
            }
            return try train(all).tokenizerJSON
        }
        let tokenizer = try communicator.agree {
            try TokenizerFile.parse(json, at: "the trained tokenizer")
        }
        warn(of: tokenizer, options)
        return tokenizer
    }

    private func warn(of tokenizer: any Tokenizer, _ options: TokenizerOptions) {
        guard communicator.rank == 0, tokenizer.vocabularySize < options.vocabularySize else {
            return
        }
        Console.write(
            "warning: the tokenizer has \(tokenizer.vocabularySize) tokens instead of "
                + "\(options.vocabularySize): the text has no more "
                + (options.kind == .bpe ? "pairs to merge" : "frequent parts of words") + "\n",
            to: .standardError)
    }

    /// Part i is read by rank i mod R.
    private func forEachOwnPart(
        of parts: TextParts, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws {
        for number in stride(
            from: communicator.rank, to: parts.count, by: communicator.worldSize)
        {
            try parts.part(number).withUnsafeBufferPointer(body)
        }
    }
}

/// Adds up the counts of all ranks on the first one, pair by pair: no rank holds those of more than two.
private struct WordCountReduction {
    let communicator: any Communicator

    /// The counts of all ranks on rank 0, of some on others. Collective.
    func merged(_ own: WordCounts) throws -> WordCounts {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        var counts = own
        var distance = 1
        while distance < worldSize {
            let place = rank % (2 * distance)
            let source = place == 0 && rank + distance < worldSize ? rank + distance : nil
            let target = place == distance ? rank - distance : nil
            let received = try pass(
                target == nil ? [] : counts.serialized, to: target, from: source)
            if source != nil { counts.merge(try WordCounts(serialized: received)) }
            distance *= 2
        }
        return counts
    }

    /// Sends bytes to one rank and receives those of another, whose number this rank does not know.
    private func pass(_ bytes: [UInt8], to target: Int?, from source: Int?) throws -> [UInt8] {
        let size = try move([Int64(bytes.count)], 1, to: target, from: source)
        return try move(bytes, size.first.map { Int($0) } ?? 0, to: target, from: source)
    }

    private func move<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ values: [Value], _ count: Int, to target: Int?, from source: Int?
    ) throws -> [Value] {
        var received = [Value](repeating: 0, count: source == nil ? 0 : count)
        try values.withUnsafeBytes { sent in
            try received.withUnsafeMutableBytes { buffer in
                let sends = target.map { [MessageToSend(to: $0, sent)] } ?? []
                let receives = source.map { [MessageToReceive(from: $0, buffer)] } ?? []
                try communicator.exchange(
                    sends: sends.filter { !$0.bytes.isEmpty },
                    receives: receives.filter { !$0.bytes.isEmpty }
                ).wait()
            }
        }
        return received
    }
}
