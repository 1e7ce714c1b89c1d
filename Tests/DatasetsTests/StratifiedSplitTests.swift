import Datasets
import Foundation
import TemporaryFolders
import Testing

@Suite struct StratifiedSplitTests {
    private func split(
        _ counts: [Int], train: Double = 0.7, validation: Double = 0.1, isBalanced: Bool = false,
        seed: UInt64 = 1
    ) throws -> (split: StratifiedSplit, classes: [Int]) {
        // Classes in turn, as long as they last.
        let classes = (0..<(counts.max() ?? 0)).flatMap { round in
            counts.indices.filter { counts[$0] > round }
        }
        let split = try StratifiedSplit(
            classes: classes, labels: ClassLabels(counts.indices.map { "\($0)" }),
            trainFraction: train, validationFraction: validation, isBalanced: isBalanced,
            seed: seed)
        return (split, classes)
    }

    private func counts(_ part: [Int], _ classes: [Int], _ classCount: Int) -> [Int] {
        (0..<classCount).map { number in part.count { classes[$0] == number } }
    }

    /// Per class round(0.7 n) to train on and up to round(0.8 n) to validate with.
    @Test(arguments: [[100, 10], [747, 4827], [3, 7, 11]])
    func everyPartHasTheProportionsOfTheWhole(sizes: [Int]) throws {
        let (split, classes) = try split(sizes)
        let parts = [split.train, split.validation, split.test]
        #expect(parts.joined().sorted() == Array(classes.indices))
        for (number, size) in sizes.enumerated() {
            let ends = [0.7, 0.8, 1].map { Int(($0 * Double(size)).rounded()) }
            let expected = [ends[0], ends[1] - ends[0], ends[2] - ends[1]]
            #expect(parts.map { counts($0, classes, sizes.count)[number] } == expected)
        }
        #expect(parts.allSatisfy { $0 == $0.sorted() })
    }

    @Test func balancedSplitTakesAsManyOfEachClass() throws {
        let (split, classes) = try split([4827, 747], isBalanced: true)
        #expect(counts(split.train, classes, 2) == [523, 523])
        #expect(counts(split.validation, classes, 2) == [75, 75])
        #expect(counts(split.test, classes, 2) == [149, 149])
        let all = split.train + split.validation + split.test
        #expect(Set(all).count == 2 * 747)
        // Not just the first ones.
        #expect(try #require(all.max()) > classes.count * 9 / 10)
    }

    @Test func splitDependsOnTheSeedAlone() throws {
        let first = try split([40, 20]).split
        #expect(try split([40, 20]).split == first)
        #expect(try split([40, 20], seed: 2).split != first)
    }

    @Test func wholeMayGoIntoTwoParts() throws {
        let (split, classes) = try split([10, 6], train: 0.9, validation: 0.1)
        #expect(split.test.isEmpty)
        #expect(split.train.count + split.validation.count == classes.count)
    }

    @Test func classWithoutTrainingExamplesIsNamed() {
        let line = failureLine { _ = try split([10, 1], train: 0.4, validation: 0.3) }
        #expect(line.contains("a class has no example to train on"), "\(line)")
        #expect(line.contains("more than 1 of 1"))
    }

    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"] != nil,
            "SWIFT_LLM_DATA is not set"))
    func realFilesAreRead() throws {
        let data = try #require(ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"])
        let texts = try LabelledTextFile.read(data + "/spam/sms.tsv")
        let labels = try ClassLabels(of: texts)
        #expect(labels.names == ["ham", "spam"])
        #expect(labels.counts(of: try texts.map { try labels.index(of: $0) }) == [4827, 747])
        var columns = LabelledTextColumns()
        (columns.text, columns.label) = ("1", "2")
        let reviews = try LabelledTextFile.read(
            data + "/evaluation/sst2/train.tsv", columns: columns)
        #expect(reviews.count == 6920)
        #expect(try ClassLabels(of: reviews).names == ["0", "1"])
    }
}
