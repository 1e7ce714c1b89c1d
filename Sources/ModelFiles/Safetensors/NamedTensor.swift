import Tensors

/// The values of one tensor, row by row, under the name that they bear in a file.
///
/// It borrows its values: whoever makes one keeps them in place as long as it is used.
package struct NamedTensor {
    package let name: String
    package let shape: [Int]
    package let values: UnsafeBufferPointer<Float>

    /// - Precondition: as many values as the shape has elements.
    package init(name: String, shape: [Int], values: UnsafeBufferPointer<Float>) {
        let count = shape.reduce(1, *)
        precondition(
            values.count == count,
            "\(name): expected \(count) values for \(shape), got \(values.count)")
        self.name = name
        self.shape = shape
        self.values = values
    }
}

extension ParameterList {
    /// The tensors of these parameters in a flat vector in the layout of this list.
    ///
    /// - Parameter chosen: nil takes all parameters.
    package func named(
        _ values: Tensor<Float>, of chosen: [Parameter]? = nil
    ) -> [NamedTensor] {
        (chosen ?? parameters).map { parameter in
            let view = values.view(from: parameter.range.lowerBound, shape: parameter.shape)
            return NamedTensor(
                name: parameter.name, shape: parameter.shape,
                values: UnsafeBufferPointer(view.buffer))
        }
    }
}
