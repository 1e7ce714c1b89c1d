import Datasets
import Models
import Tensors

/// The places in a batch of the tokens of pairs of answers, each pair a sequence that two texts share: the
/// better answer behind its prompt, and the worse one behind it again.
struct PairRows {
    private(set) var wanted = TargetRows()
    /// The tokens of each pair among those that are wanted: of the better answer, of the worse one, and
    /// of the prompt of the better one.
    private(set) var chosen: [Range<Int>] = []
    private(set) var rejected: [Range<Int>] = []
    private(set) var prompts: [Range<Int>] = []

    /// - Parameter withPrompts: whether the tokens of prompts are wanted, too.
    init(_ batch: TokenBatch, _ part: Range<Int>, withPrompts: Bool) {
        let width = batch.longest(of: part)
        for (row, sequence) in part.enumerated() {
            let lengths = batch.exampleLengths[sequence]
            precondition(lengths.count == 2, "expected two answers, got \(lengths.count)")
            let texts = [0..<lengths[0], lengths[0]..<lengths[0] + lengths[1]]
            let start = sequence * batch.sequenceLength
            func add(_ positions: [Int], _ target: (Int) -> Int32) -> Range<Int> {
                let first = wanted.rows.count
                wanted.rows += positions.map { row * width + $0 }
                wanted.targets += positions.map(target)
                return first..<wanted.rows.count
            }
            let answers = texts.map { text in
                add(text.filter { batch.targets[start + $0] >= 0 }) { batch.targets[start + $0] }
            }
            chosen.append(answers[0])
            rejected.append(answers[1])
            let prompt = texts[0].dropLast().filter { batch.targets[start + $0] < 0 }
            prompts.append(add(withPrompts ? prompt : []) { batch.inputs[start + $0 + 1] })
        }
    }
}

/// One of the texts that share each of some sequences of a batch, as a batch of its own.
struct TextRows {
    private(set) var wanted = TargetRows()
    /// The tokens of each text among those that are wanted.
    private(set) var texts: [Range<Int>] = []
    /// [texts, T]; T is the length of the longest of them.
    let inputs: Tensor<Int32>

    /// - Parameter number: of the text among those of a sequence.
    init(_ batch: TokenBatch, _ part: Range<Int>, text number: Int, on device: Device) {
        let ranges = part.map { sequence in
            let lengths = batch.exampleLengths[sequence]
            let start = sequence * batch.sequenceLength + lengths[..<number].reduce(0, +)
            return start..<start + lengths[number]
        }
        let width = ranges.map(\.count).max() ?? 0
        inputs = device.tensor(
            ranges.flatMap { batch.inputs[$0] + Array(repeating: 0, count: width - $0.count) },
            shape: [ranges.count, width])
        for (row, range) in ranges.enumerated() {
            let first = wanted.rows.count
            for place in range where batch.targets[place] >= 0 {
                wanted.rows.append(row * width + place - range.lowerBound)
                wanted.targets.append(batch.targets[place])
            }
            texts.append(first..<wanted.rows.count)
        }
    }
}

extension Tensor where Element == Float {
    /// The sum of some elements in double, in their order.
    func sum(_ range: Range<Int>) -> Double {
        range.reduce(0) { $0 + Double(pointer[$1]) }
    }
}
