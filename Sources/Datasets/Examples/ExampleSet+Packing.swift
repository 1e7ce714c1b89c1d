extension ExampleSet {
    /// Several examples, one after the other, in sequences of at most T inputs, so that little of a
    /// batch is padding. Each example sees itself alone, and its positions begin anew.
    ///
    /// Each goes into the first open sequence that has room for it; at most `openCount` are open.
    package func packed() -> ExampleSet {
        packed(gap: 0) { TokenExample(isolating: $0) }
    }

    /// As `packed`, but an example sees the ones before it in its sequence, with their ends of answers
    /// between; no target crosses a seam.
    package func joined() -> ExampleSet {
        // The token that was a target alone becomes an input.
        packed(gap: 1) { examples in
            var (inputs, targets) = (examples[0].inputs, examples[0].targets)
            for example in examples.dropFirst() {
                inputs += targets.suffix(1) + example.inputs
                targets += [-1] + example.targets
            }
            return TokenExample(inputs: inputs, targets: targets)
        }
    }

    private static let openCount = 64

    /// - Parameter gap: inputs between two examples.
    private func packed(
        gap: Int, _ sequence: ([TokenExample]) -> TokenExample
    ) -> ExampleSet {
        var packed = self
        packed.examples = []
        packed.places = []
        func close(_ open: OpenSequence) {
            packed.examples.append(sequence(open.examples))
            packed.places.append(open.place)
        }
        var open: [OpenSequence] = []
        for (example, place) in zip(examples, places) {
            let size = gap + example.inputs.count
            if let index = open.firstIndex(where: { $0.inputCount + size <= sequenceLength }) {
                open[index].examples.append(example)
                open[index].inputCount += size
                continue
            }
            if open.count == Self.openCount { close(open.removeFirst()) }
            open.append(OpenSequence(example, place))
        }
        open.forEach(close)
        return packed
    }
}

/// A sequence that is being filled.
private struct OpenSequence {
    var examples: [TokenExample]
    var inputCount: Int
    private let firstPlace: String

    init(_ example: TokenExample, _ place: String) {
        examples = [example]
        inputCount = example.inputs.count
        firstPlace = place
    }

    var place: String {
        examples.count == 1 ? firstPlace : "\(firstPlace), and \(examples.count - 1) more"
    }
}
