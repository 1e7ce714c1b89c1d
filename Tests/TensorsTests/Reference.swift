import Tensors

/// An array in double precision. The operations on it are plain loops: the truth that the
/// operations of the tape are held against.
struct Reference {
    let shape: [Int]
    var values: [Double]

    init(shape: [Int], values: [Double]) {
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values for \(shape)")
        self.shape = shape
        self.values = values
    }

    init(zeros shape: [Int]) {
        self.init(shape: shape, values: Array(repeating: 0, count: shape.reduce(1, *)))
    }

    /// Uniform numbers that a `Float` holds exactly, so that both sides start from equal inputs.
    init(
        random shape: [Int], in range: ClosedRange<Float> = -1...1, using random: inout SplitMix64
    ) {
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in Double(Float.random(in: range, using: &random)) }
        self.init(shape: shape, values: values)
    }

    var count: Int { values.count }
    var columnCount: Int { shape.last ?? 1 }
    var rowCount: Int { shape.dropLast().reduce(1, *) }

    func reshaped(_ shape: [Int]) -> Reference { Reference(shape: shape, values: values) }

    func map(_ transform: (Double) -> Double) -> Reference {
        Reference(shape: shape, values: values.map(transform))
    }

    func combined(with other: Reference, _ combine: (Double, Double) -> Double) -> Reference {
        Reference(shape: shape, values: zip(values, other.values).map(combine))
    }
}

extension Device {
    func tensor(_ reference: Reference) -> Tensor<Float> {
        tensor(reference.values.map { Float($0) }, shape: reference.shape)
    }
}
