extension ExampleSet {
    /// Several examples, one after the other, in sequences of at most T inputs, so that little of a
    /// batch is padding.
    ///
    /// An example sees the ones before it in its sequence, with their ends of answers between; no target
    /// crosses a seam. Each example goes into the first open sequence that has room for it; at most
    /// `openCount` are open.
    package func packed() -> ExampleSet {
        var packed = self
        packed.examples = []
        packed.places = []
        var open: [PackedSequence] = []
        for (example, place) in zip(examples, places) {
            let index = open.firstIndex { $0.fits(example, into: sequenceLength) }
            if let index {
                open[index].append(example)
                continue
            }
            if open.count == Self.openCount { packed.append(open.removeFirst()) }
            open.append(PackedSequence(example, place))
        }
        for sequence in open { packed.append(sequence) }
        return packed
    }

    private static let openCount = 64

    private mutating func append(_ sequence: PackedSequence) {
        examples.append(TokenExample(inputs: sequence.inputs, targets: sequence.targets))
        places.append(sequence.place)
    }
}

/// A sequence that is being filled.
private struct PackedSequence {
    private(set) var inputs: [Int32]
    private(set) var targets: [Int32]
    private let firstPlace: String
    private var count = 1

    init(_ example: TokenExample, _ place: String) {
        inputs = example.inputs
        targets = example.targets
        firstPlace = place
    }

    var place: String { count == 1 ? firstPlace : "\(firstPlace), and \(count - 1) more" }

    func fits(_ example: TokenExample, into length: Int) -> Bool {
        inputs.count + 1 + example.inputs.count <= length
    }

    /// The last token so far, which was a target alone, becomes an input; nothing is to be learnt
    /// behind it.
    mutating func append(_ example: TokenExample) {
        inputs += targets.suffix(1) + example.inputs
        targets += [-1] + example.targets
        count += 1
    }
}
