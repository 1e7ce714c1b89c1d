/// What the header of a safetensors file tells of one tensor.
package struct SafetensorsEntry: Equatable, Sendable {
    package let name: String
    package let type: SafetensorsType
    package let shape: [Int]
    /// Bytes, counted from the end of the header.
    package let range: Range<Int>

    package var elementCount: Int { range.count / type.size }
}
