import Datasets
import Foundation
import Testing

/// The stories of the quick start and what is claimed of their entropy.
@Suite struct QuickStartCorpusTests {
    private static let corpus = StoryCorpus(seed: 1)

    /// The grammar's stories with these numbers.
    private static func stories(_ seed: UInt64, count: Int) -> [StoryWriter] {
        (0..<count).map { StoryWriter.story(seed: seed, number: $0, isChecking: true) }
    }

    @Test func equalSeedsGiveEqualStoriesAndOthersDiffer() {
        let first = StoryCorpus(seed: 7, characterCount: 20_000)
        #expect(first.documents == StoryCorpus(seed: 7, characterCount: 20_000).documents)
        let second = StoryCorpus(seed: 8, characterCount: 20_000)
        #expect(Set(first.documents.map(\.text)).isDisjoint(with: second.documents.map(\.text)))
        #expect(Set(first.documents.map(\.text)).count == first.documents.count)
    }

    @Test func storiesAreTheSameOnEveryMachine() {
        let story = StoryWriter.story(seed: 1, number: 0).text
        #expect(story.hasPrefix(Self.beginningOfFirstStory), "\(story)")
    }

    private static let beginningOfFirstStory =
        "Last year a poor girl called Maya lived with Sofia, Julia, Polly and Tom in a dusty "
        + "cottage beside the narrow cart. She had an old medal, 5 clean combs, 6 black stamps, "

    @Test(arguments: [0, 1, 2, 3, 99, UInt64.max])
    func textDeterminesEveryChoiceAndItsBits(seed: UInt64) throws {
        for story in Self.stories(seed, count: 25) {
            let reader = try #require(StoryReader.read(story.text), "\(story.text)")
            #expect(reader.choices == story.choices)
            #expect(reader.bits == story.bits)
        }
    }

    @Test func noTextOfAChoiceBeginsAnother() {
        let stories = Self.stories(5, count: 200)
        #expect(stories.allSatisfy { $0.isPrefixFree })
    }

    @Test func changedOrTruncatedStoriesAreNotRead() {
        let text = StoryWriter.story(seed: 1, number: 0).text
        #expect(StoryReader.read(String(text.dropLast())) == nil)
        #expect(StoryReader.read(text + "\n") == nil)
        #expect(StoryReader.read(text.replacing(" called ", with: " named ")) == nil)
        #expect(StoryReader.read("") == nil)
        // A wrong sum is no story: results are not chosen.
        let sum = text.replacing(#/had \d+\. /#) { _ in "had 77. " }
        #expect(sum != text)
        #expect(StoryReader.read(sum) == nil)
    }

    @Test func bitsAreOnAverageTheEntropyOfTheChoices() {
        let stories = (0..<1000).map { StoryWriter.story(seed: 11, number: $0) }
        let bits = stories.reduce(0) { $0 + $1.bits }
        let expected = stories.reduce(0) { $0 + $1.expectedBits }
        // The difference is a sum of independent terms of average 0; 10 standard deviations are
        // far below this, and a wrong probability of one common choice is far above.
        #expect(abs(bits / expected - 1) < 0.001)
    }

    @Test(arguments: [[], [3, 2, 1, 4], [1, 5, 1, 1]])
    func optionsHaveTheProbabilitiesThatTheirBitsSay(weights: [Int]) {
        let distribution = ChoiceDistribution(optionCount: 4, weights: weights)
        let expected = weights.isEmpty ? [1, 1, 1, 1] : weights
        let total = Double(expected.reduce(0, +))
        // Words at equal distances stand for uniformly random ones.
        var counts = [0, 0, 0, 0]
        for i in 0..<UInt64(1200) {
            counts[distribution.index(of: UInt64.max / 1200 * i + UInt64.max / 2400)] += 1
        }
        for index in 0..<4 {
            let probability = Double(expected[index]) / total
            #expect(Double(counts[index]) == 1200 * probability)
            #expect(abs(exp2(-distribution.bits(of: index)) - probability) < 1e-12)
        }
        #expect(counts.reduce(0, +) == 1200)
    }

    @Test func entropyOfAChoiceIsTheAverageOfItsBits() {
        #expect(ChoiceDistribution(optionCount: 8, weights: []).entropy == 3)
        #expect(ChoiceDistribution(optionCount: 3, weights: [2, 1, 1]).entropy == 1.5)
    }

    @Test func equallyLikelyOptionsComeEquallyOften() {
        var counts: [Int: Int] = [:]
        for number in 0..<1500 {
            counts[StoryWriter.story(seed: 3, number: number).choices[0], default: 0] += 1
        }
        #expect(counts.count == 3)
        // Each is 500 on average with a standard deviation of 18.
        #expect(counts.values.allSatisfy { abs($0 - 500) < 110 })
    }

    @Test func everyStoryIsALineOfASCIIWithoutTheEndOfTextLiteral() {
        for document in Self.corpus.documents {
            #expect(document.text.hasSuffix(".\n"))
            #expect(document.text.utf8.allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0x0A })
            #expect(document.text.utf8.count { $0 == 0x0A } == 1)
            #expect(!document.text.contains("<|endoftext|>"))
        }
    }

    @Test func corpusHasTheStatedSizeAndEntropy() {
        let corpus = Self.corpus
        #expect((2_000_000...4_000_000).contains(corpus.text.utf8.count))
        let held = corpus.documents.count / 20
        #expect((0.5...0.7).contains(corpus.bitsPerByte(ofLast: held)))
        #expect((0.5...0.7).contains(corpus.bitsPerByte(ofAllButLast: held)))
    }

    @Test func partsAddUpToTheCorpus() {
        let corpus = StoryCorpus(seed: 2, characterCount: 50_000)
        let last = corpus.documents.suffix(5)
        let lastSize = Double(last.reduce(0) { $0 + $1.text.utf8.count })
        let bits =
            corpus.bitsPerByte(ofLast: 5) * lastSize
            + corpus.bitsPerByte(ofAllButLast: 5) * (Double(corpus.byteCount) - lastSize)
        let all = corpus.documents.reduce(0) { $0 + $1.bits }
        #expect(abs(bits - all) < 1e-6 * all)
    }

    @Test func threeMillionCharactersTakeSeconds() {
        let duration = ContinuousClock().measure { _ = StoryCorpus(seed: 4) }
        // Generous for an unoptimised build on a busy machine.
        #expect(duration < .seconds(30))
    }

    @Test func sumsOfTheStoriesAreRight() throws {
        let given =
            #/(\d) \w+ \w+ \w+ the \w+ \w+\. \w+ gave (her|him) (\d) more\. Now \w+ had (\d+)\./#
        let planted = #/planted (\d) rows of (\d) .*made (\d+) .* ate (\d), so (\d+) w/#
        var (givenCount, plantedCount) = (0, 0)
        for document in Self.corpus.documents.prefix(600) {
            let text = document.text
            if let match = text.firstMatch(of: given) {
                try #expect(Self.int(match.1) + Self.int(match.3) == Self.int(match.4), "\(text)")
                givenCount += 1
            }
            if let match = text.firstMatch(of: planted) {
                let made = try Self.int(match.1) * Self.int(match.2)
                try #expect(made == Self.int(match.3), "\(text)")
                try #expect(made - Self.int(match.4) == Self.int(match.5), "\(text)")
                plantedCount += 1
            }
        }
        #expect(givenCount > 200)
        #expect(plantedCount > 40)
    }

    private static func int(_ text: Substring) throws -> Int { try #require(Int(text)) }
}
