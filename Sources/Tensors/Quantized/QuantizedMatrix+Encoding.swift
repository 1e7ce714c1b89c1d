extension QuantizedMatrix {
    /// Takes the weights of floats [outputs, depth].
    ///
    /// - Parameter encode: gives the blocks of ggml of the matrix' type.
    /// - Returns: whether all scales are finite.
    package func encode(
        _ values: Tensor<Float>, on device: Device,
        _ encode: @Sendable (ArraySlice<Float>) -> [UInt8]
    ) -> Bool {
        precondition(values.shape == shape, "expected \(shape), got \(values.shape)")
        let lanes = Self.lanes
        let isFinite = [Bool](unsafeUninitializedCapacity: groupCount) { isFinite, count in
            let (found, own) = (isFinite.baseAddress, values.buffer)
            device.forEach(groupCount) { group in
                let outputs = group * lanes..<min((group + 1) * lanes, outputCount)
                let range = outputs.lowerBound * depth..<outputs.upperBound * depth
                found?[group] = encode(Array(own[range])[...]).withUnsafeBytes {
                    take($0, of: outputs, on: device)
                }
            }
            count = groupCount
        }
        return isFinite.allSatisfy { $0 }
    }
}
