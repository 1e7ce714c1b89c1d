import Tensors

/// A list of an optimizer's state: one number for each element of some trained parameters.
package struct StateList: Equatable, Sendable {
    /// The end of the names of its tensors in a checkpoint, after the name of the parameter.
    package let suffix: String
    /// The positions in the layout of the parameters that have numbers in it; nil for all that are trained.
    package let parameters: Set<Int>?
    /// Whether a checkpoint holds it; else what it holds follows from the rest of one.
    package let isStored: Bool

    package init(_ suffix: String, of parameters: Set<Int>? = nil, isStored: Bool = true) {
        (self.suffix, self.parameters, self.isStored) = (suffix, parameters, isStored)
    }

    func holds(_ parameter: Parameter) -> Bool {
        parameter.isTrained && parameters.map { $0.contains(parameter.index) } ?? true
    }

    /// The elements that it has within a part of the flat vector, in ascending order.
    func elements(of layout: ParameterLayout, in part: Range<Int>) -> [Range<Int>] {
        guard parameters != nil else { return [part] }
        return layout.trained.filter(holds).map { $0.range.clamped(to: part) }
    }

    /// The numbers that all ranks together have of it.
    func count(in layout: ParameterLayout) -> Int {
        elements(of: layout, in: 0..<layout.trainedCount).reduce(0) { $0 + $1.count }
    }
}
