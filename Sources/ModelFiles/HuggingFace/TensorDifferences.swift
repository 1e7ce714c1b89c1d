import Diagnostics

/// The differences of the tensors of a file from those that a model needs.
package struct TensorDifferences: Equatable, Sendable {
    package let missing: [String]
    package let superfluous: [String]
    /// Tensors of another shape, or not of floating-point numbers, each with what was expected and
    /// found.
    package let unsuitable: [String]

    init(missing: [String], superfluous: [String], unsuitable: [String]) {
        self.missing = missing
        self.superfluous = superfluous
        self.unsuitable = unsuitable
    }

    /// - Parameter found: by the names that the model uses.
    package init(
        expected: [(name: String, shape: [Int])], found: [String: SafetensorsEntry]
    ) {
        missing = expected.map(\.name).filter { found[$0] == nil }
        superfluous = Set(found.keys).subtracting(expected.map(\.name)).sorted()
        unsuitable = expected.compactMap { name, shape in
            guard let entry = found[name] else { return nil }
            if entry.shape != shape { return "\(name) (expected \(shape), got \(entry.shape))" }
            if !entry.type.isReadableAsFloat {
                return "\(name) (expected F32, BF16, F16 or F64, got \(entry.type.rawValue))"
            }
            return nil
        }
    }

    package var isEmpty: Bool { missing.isEmpty && superfluous.isEmpty && unsuitable.isEmpty }

    /// Lists every difference.
    package func failure(at path: String, remedy: String) -> Failure {
        let lists = [("missing", missing), ("unknown", superfluous), ("unsuitable", unsuitable)]
        let got = lists.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
        return Failure(
            "the tensors do not fit the model",
            expected: "every tensor of the model and no other", got: got.joined(separator: "; "),
            at: path, remedy: remedy)
    }
}
