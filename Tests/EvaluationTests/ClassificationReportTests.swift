import Collectives
import Datasets
import Evaluation
import JSON
import Tensors
import Testing

@Suite struct ClassificationReportTests {
    /// Figures by scikit-learn's formulas, by hand: precision 2/3, 2/3, 3/4; recall 1/2, 2/3, 1.
    @Test func figuresAreThoseOfScikitLearn() throws {
        let report = ClassificationReport(
            labels: try ClassLabels(["a", "b", "c"]), actual: [0, 0, 0, 0, 1, 1, 1, 2, 2, 2],
            predicted: [0, 0, 1, 2, 1, 1, 0, 2, 2, 2])
        #expect(report.confusion == [[2, 1, 1], [1, 2, 0], [0, 0, 3]])
        #expect(report.accuracy == 0.7)
        expect((0..<3).map(report.precision), [2.0 / 3, 2.0 / 3, 0.75])
        expect((0..<3).map(report.recall), [0.5, 2.0 / 3, 1])
        expect((0..<3).map(report.f1), [4.0 / 7, 2.0 / 3, 6.0 / 7])
        expect(
            [report.macroPrecision, report.macroRecall, report.macroF1],
            [0.694444444444, 0.722222222222, 0.698412698413])
        #expect(report.json["classes"]?.array?[1]["texts"]?.integer == 3)
        #expect(report.json["confusion"]?.array?[0].array == [2, 1, 1].map(JSONValue.integer))
    }

    /// As with zero_division=0.
    @Test func classThatIsNeverCalledCountsAsZero() throws {
        let report = ClassificationReport(
            labels: try ClassLabels(["a", "b", "c"]), actual: [0, 1], predicted: [0, 0])
        expect((0..<3).map(report.precision), [0.5, 0, 0])
        expect((0..<3).map(report.recall), [1, 0, 0])
        expect((0..<3).map(report.f1), [2.0 / 3, 0, 0])
        expect([report.macroF1], [2.0 / 9])
    }

    private func expect(_ values: [Double], _ expected: [Double]) {
        #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(values)")
        #expect(values.count == expected.count)
    }

    /// Scores that tell which text they are of: its length and its first token.
    @Test func scoresStandInTheOrderOfTheTexts() throws {
        let device = Device(threadCount: 1)
        let examples: [TokenExample] = (0..<37).map { index in
            let length = 1 + index * 7 % 10
            return TokenExample(
                inputs: Array(repeating: Int32(index), count: length),
                targets: Array(repeating: -1, count: length))
        }
        var sizes: [Int] = []
        let scores = try ClassScores(of: examples, over: SingleProcess()) { batch in
            sizes.append(batch.sequenceCount)
            let rows: [Float] = batch.lengths.enumerated().flatMap { row, length in
                [Float(batch.inputs[row * batch.sequenceLength]), Float(length)]
            }
            return device.tensor(rows, shape: [batch.sequenceCount, 2])
        }
        let expected: [[Float]] = examples.map { [Float($0.inputs[0]), Float($0.inputs.count)] }
        #expect(scores.rows == expected)
        #expect(sizes == [16, 16, 5])
        #expect(scores.classes[0] == 1 && scores.classes[36] == 0)
        // 1 / (1 + e^(1 - 0)) and its complement.
        expect(scores.probabilities[0], [0.268941421370, 0.731058578630])
    }

    @Test func noTextsGiveNoScores() throws {
        let scores = try ClassScores(of: [], over: SingleProcess()) { _ in
            throw CancellationError()
        }
        #expect(scores.rows.isEmpty)
    }
}
